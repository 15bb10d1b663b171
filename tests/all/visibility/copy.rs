//! A copy that a client keeps by the change feed equals the lists, whatever happens.

use taskhub_tests::{App, every_database};

use super::{
    mirror::Mirror,
    world::{Dice, World},
};

every_database!(copy_kept_by_the_change_feed_equals_the_lists);

const STEPS: usize = 60;

/// Random moves, joins, departures and edits, with users who synchronise now and then.
async fn copy_kept_by_the_change_feed_equals_the_lists(app: &App) {
    for seed in [1, 2] {
        let t = app.tenant().await;
        let (mut dice, mut done) = (Dice(seed), Vec::new());
        let mut world = World::new(app, &t).await;
        let mut mirrors = Vec::new();
        for user in [&t.manager, &t.member, &t.other] {
            mirrors.push(Mirror::new(app, user).await);
        }
        for step in 0..STEPS {
            done.push(world.step(app, &t, &mut dice).await);
            for mirror in &mut mirrors {
                if dice.throw(6) == 0 || step + 1 == STEPS {
                    mirror.follow().await;
                    mirror.is_right(&done).await;
                    mirror.agrees(&world.tasks).await;
                }
            }
        }
    }
}
