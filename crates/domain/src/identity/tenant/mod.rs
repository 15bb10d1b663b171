//! The tenant: an organisation with its settings. It is the root of everything that belongs to it.

mod invitation;
mod registration;

use garde::Validate;
use sea_orm::{QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};
use serde::{Deserialize, Serialize};
use taskhub_migration::text::searched;
use utoipa::ToSchema;

pub use self::{
    invitation::{consume as consume_invitation, create as create_invitation},
    registration::{Admission, Registration},
};
use crate::{
    Context, Error, Repository, Result, System, Timestamp, Tx,
    kernel::{
        change::ChangeType,
        error::Kind,
        input::{Unchecked, folded, items, language_tag, one_line, trimmed, zone_name},
        list::Sort,
        policy,
        repository::{
            Access, Listed, Precondition, Read, Resource, Stored, Update, field,
            json::AsJson,
            resource::{Unique, owned},
            row::positions,
        },
    },
};

pub(crate) mod entity {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::wildcard_imports,
        reason = "written for and by sea-orm's derive"
    )]
    use super::*;

    /// An organisation and its settings.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "tenant")]
    #[schema(as = Tenant)]
    pub struct Model {
        /// The id of the organisation.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The name of the organisation.
        #[schema(example = "Acme Ltd")]
        pub name: String,
        /// The short name for URLs and for signing in, unique in the installation.
        #[schema(example = "acme")]
        pub slug: String,
        /// Whether the organisation is active. Users and service accounts of a suspended
        /// organisation have no access.
        pub is_active: bool,
        /// The time zone, a name of the IANA database.
        #[schema(example = "Europe/Berlin")]
        pub time_zone: String,
        /// The language, a tag of RFC 5646.
        #[schema(example = "en")]
        pub locale: String,
        /// Whether users must send `If-Match` with every change. Service accounts need not.
        pub require_if_match: bool,
        /// The date and time (UTC) at which the organisation was created.
        pub created_at: Timestamp,
        /// The date and time (UTC) of the last change.
        pub updated_at: Timestamp,
        /// The version of the organisation, for `If-Match`.
        pub version: i64,
        /// The rule for joining the organisation: `closed`, `invitation`, `domain` or `open`.
        pub registration: Registration,
        /// The email domains for the rule `domain` in `registration`: users with an address in one
        /// of them can join.
        #[schema(value_type = Vec<String>, example = json!(["acme.example"]))]
        pub email_domains: AsJson<Vec<String>>,
        /// Whether users must verify their email address before they can sign in.
        pub require_verified_email: bool,
        /// The number of days for which deleted tasks can be restored.
        #[schema(example = 30)]
        pub purge_after_days: i32,
        /// The largest total size of all files, in bytes. Only an operator can change it.
        #[schema(example = 10_737_418_240_i64)]
        pub file_bytes_quota: i64,
        /// The largest number of files. Only an operator can change it.
        #[schema(example = 100_000)]
        pub file_count_quota: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as Tenant;

owned!(Tenant, entity, itself);
positions!(Tenant {
    id,
    name,
    slug,
    is_active,
    time_zone,
    locale,
    require_if_match,
    created_at,
    updated_at,
    version,
    registration,
    email_domains,
    require_verified_email,
    purge_after_days,
    file_bytes_quota,
    file_count_quota
});

impl Resource for Tenant {
    const TYPE: policy::ResourceType = policy::ResourceType::Tenant;
    type Parent = ();
}

impl Access for Tenant {}

impl Stored for Tenant {
    fn uniques() -> &'static [Unique] {
        &[Unique { index: "tenant_slug_key", columns: "tenant.slug", field: "slug" }]
    }
}

impl Listed for Tenant {
    type Item = Self;

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }
}

/// The settings that an admin can write.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantInput {
    /// The name of the organisation.
    #[serde(deserialize_with = "trimmed::<_, 200>")]
    #[garde(length(chars, min = 1, max = 200), custom(one_line))]
    #[schema(format = "line", min_length = 1, max_length = 200, example = "Acme Ltd")]
    pub(crate) name: String,
    /// The time zone, a name of the IANA database. Default: `UTC`.
    #[serde(default = "utc", deserialize_with = "trimmed::<_, 64>")]
    #[garde(length(chars, max = 64), custom(zone_name))]
    #[schema(format = "time-zone", max_length = 64, example = "Europe/Berlin")]
    pub(crate) time_zone: String,
    /// The language, a tag of RFC 5646. Default: `en`.
    #[serde(default = "english", deserialize_with = "trimmed::<_, 35>")]
    #[garde(length(chars, max = 35), custom(language_tag))]
    #[schema(format = "language-tag", max_length = 35, example = "en")]
    pub(crate) locale: String,
    /// Whether users must send `If-Match` with every change. Service accounts need not. Default:
    /// `false`.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) require_if_match: bool,
    /// The rule for joining the organisation. Default: `invitation`.
    #[serde(default)]
    #[garde(skip)]
    #[schema(default = "invitation")]
    pub(crate) registration: Registration,
    /// The email domains for the rule `domain` in `registration`: users with an address in one of
    /// them can join. At most 20, compared case-insensitively.
    #[serde(default, deserialize_with = "registration::domains")]
    #[garde(
        custom(items::<_, 0, 20>),
        inner(length(chars, min = 3, max = 90), pattern(r"^[a-z0-9-]+([.][a-z0-9-]+)+$"))
    )]
    #[schema(max_items = 20, example = json!(["acme.example"]))]
    pub(crate) email_domains: Vec<String>,
    /// Whether users must verify their email address before they can sign in. Default: `false`.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) require_verified_email: bool,
    /// The number of days for which deleted tasks can be restored, 1 to 365. Default: 30.
    #[serde(default = "month")]
    #[garde(range(min = 1, max = 365))]
    #[schema(default = 30, minimum = 1, maximum = 365, example = 30)]
    pub(crate) purge_after_days: i32,
}

fn month() -> i32 {
    30
}

fn utc() -> String {
    "UTC".to_owned()
}

fn english() -> String {
    "en".to_owned()
}

impl Tx {
    /// Lets one transaction of the tenant pass at a time, for rules that span rows. See
    /// [`Self::guard`].
    pub(crate) async fn lock_tenant(&self) -> Result<Tenant> {
        self.guard::<Tenant>(self.ctx().tenant()).await?;
        let tenant = self.find::<Tenant>(self.ctx().tenant(), false).await?;
        tenant.ok_or_else(|| Kind::NotFound.into())
    }
}

impl From<&Tenant> for TenantInput {
    fn from(row: &Tenant) -> Self {
        Self {
            name: row.name.clone(),
            time_zone: row.time_zone.clone(),
            locale: row.locale.clone(),
            require_if_match: row.require_if_match,
            registration: row.registration,
            email_domains: row.email_domains.0.clone(),
            require_verified_email: row.require_verified_email,
            purge_after_days: row.purge_after_days,
        }
    }
}

/// A new organisation.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// The name of the organisation.
    #[serde(deserialize_with = "trimmed::<_, 200>")]
    #[garde(length(chars, min = 1, max = 200), custom(one_line))]
    #[schema(format = "line", min_length = 1, max_length = 200, example = "Acme Ltd")]
    pub name: String,
    /// The short name for URLs and for signing in, unique in the installation and stored in lower
    /// case. By default it is derived from the name.
    #[serde(default, deserialize_with = "folded")]
    #[garde(length(chars, max = 63), pattern(r"^([a-z0-9]+(-[a-z0-9]+)*)?$"))]
    #[schema(max_length = 63, pattern = "^([a-z0-9]+(-[a-z0-9]+)*)?$", example = "acme")]
    pub slug: String,
}

impl NewTenant {
    /// The row, under the id that the caller's context already names.
    fn into_row(self, id: Uuid, at: Timestamp) -> Result<Tenant> {
        let slug = if self.slug.is_empty() { slug(&self.name) } else { self.slug };
        if slug.is_empty() {
            return Err(Error::field(
                "/slug",
                "required",
                "This field is required for this name: no slug can be derived from it.",
            ));
        }
        Ok(Tenant {
            id,
            name: self.name,
            slug,
            is_active: true,
            time_zone: utc(),
            locale: english(),
            require_if_match: false,
            created_at: at,
            updated_at: at,
            version: 1,
            registration: Registration::default(),
            email_domains: AsJson::default(),
            require_verified_email: false,
            purge_after_days: month(),
            file_bytes_quota: 10 << 30,
            file_count_quota: 100_000,
        })
    }
}

/// The slug of a name: its ASCII letters without accents and its digits, with hyphens between the
/// words.
fn slug(name: &str) -> String {
    let name = searched(name);
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").chars().take(63).collect();
    slug.trim_matches('-').to_owned()
}

/// Creates the tenant that the context names. This is the first operation in a tenant.
///
/// # Errors
/// `Conflict` if the slug is taken.
pub async fn create(tx: &Tx, new: &NewTenant) -> Result<Tenant> {
    let row = new.clone().into_row(tx.ctx().tenant(), tx.now())?;
    tx.add(row).await
}

/// The caller's tenant.
///
/// # Errors
/// Repository errors.
pub async fn get(repository: &Repository, ctx: &Context) -> Result<Tenant> {
    Ok(repository.read(ctx).resolve(ctx.tenant(), Read).await?.into_row())
}

/// The caller's tenant, in the caller's transaction.
///
/// # Errors
/// Repository errors.
pub async fn present(tx: &Tx) -> Result<Tenant> {
    Ok(tx.resolve(tx.ctx().tenant(), Read).await?.into_row())
}

/// Updates the caller's tenant: replaces it with the body, or merges the body as a patch.
///
/// # Errors
/// `Forbidden`, `Invalid`, and precondition errors.
pub async fn update(tx: &Tx, body: &Unchecked<TenantInput>, pre: &Precondition) -> Result<Tenant> {
    let seen = tx.resolve::<Tenant, _>(tx.ctx().tenant(), Update).await?;
    let input = body.check_over(&TenantInput::from(seen.row()))?;
    let TenantInput {
        name,
        time_zone,
        locale,
        require_if_match,
        registration,
        email_domains,
        require_verified_email,
        purge_after_days,
    } = input;
    let row = Tenant {
        name,
        time_zone,
        locale,
        require_if_match,
        registration,
        email_domains: AsJson(email_domains),
        require_verified_email,
        purge_after_days,
        ..seen.row().clone()
    };
    tx.update(seen, row, pre).await
}

/// Activates or suspends a tenant.
///
/// # Errors
/// Repository errors.
pub async fn set_active(tx: &Tx, active: &bool) -> Result<Tenant> {
    let seen = tx.resolve::<Tenant, _>(tx.ctx().tenant(), Update).await?;
    let row = Tenant { is_active: *active, ..seen.row().clone() };
    let action = if *active { ChangeType::Activate } else { ChangeType::Suspend };
    tx.notify_nodes();
    tx.update_as(action, seen, row, &Precondition::Any).await
}

/// The limits for the files of a tenant.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// The largest total size, in bytes.
    pub bytes: i64,
    /// The largest number of files.
    pub files: i64,
}

/// Sets the limits for the tenant's files, for an operator. Existing files stay.
///
/// # Errors
/// Repository errors.
pub async fn set_quota(tx: &Tx, quota: &Quota) -> Result<Tenant> {
    let seen = tx.resolve::<Tenant, _>(tx.ctx().tenant(), Update).await?;
    let row = Tenant { file_bytes_quota: quota.bytes, file_count_quota: quota.files, ..seen.row().clone() };
    tx.update_as(ChangeType::SetQuota, seen, row, &Precondition::Any).await
}

/// All tenants, for the operator.
///
/// # Errors
/// Repository errors.
pub async fn all(repository: &Repository, system: &System) -> Result<Vec<Tenant>> {
    let select = entity::Entity::find().order_by_asc(entity::Column::Slug).into_query();
    repository.unscoped(system).all(&select).await.map_err(Error::from)
}

/// The ids of all tenants, for the server's own work.
pub(crate) async fn ids(repository: &Repository, system: &System) -> Result<Vec<Uuid>> {
    let select = entity::Entity::find().select_only().column(entity::Column::Id).into_query();
    let rows = repository.unscoped(system).rows(&select).await?;
    rows.iter().map(|row| field(row, 0)).collect()
}

/// The tenant with a slug, for the operator and for signing in.
///
/// # Errors
/// `NotFound`.
pub async fn by_slug(repository: &Repository, system: &System, slug: &str) -> Result<Tenant> {
    let select = entity::Entity::find().filter(entity::Column::Slug.eq(slug)).into_query();
    let found: Vec<Tenant> = repository.unscoped(system).all(&select).await?;
    found.into_iter().next().ok_or_else(|| Kind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs_are_plain() {
        assert_eq!(slug("Acme Ltd."), "acme-ltd");
        assert_eq!(slug("  Müller & Söhne "), "muller-sohne");
        assert_eq!((slug("Ärzte"), slug("Straße")), ("arzte".to_owned(), "strasse".to_owned()));
        assert_eq!(slug("日本"), "");
        assert_eq!(slug(&format!("{}-b", "a".repeat(62))), "a".repeat(62));
    }
}
