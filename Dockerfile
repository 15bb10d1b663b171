# syntax=docker/dockerfile:1

FROM rust:1.95-trixie AS builder
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package taskhub \
    && install -D target/release/taskhub /out/taskhub

FROM debian:trixie-slim
# The root certificates for the servers that TaskHub connects to: mail servers and object stores.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/taskhub --shell /usr/sbin/nologin taskhub \
    && install --directory --owner taskhub --group taskhub --mode 0700 /var/lib/taskhub /var/lib/taskhub-keys
COPY --from=builder /out/taskhub /usr/local/bin/taskhub
COPY LICENSE /usr/share/doc/taskhub/LICENSE

ENV TASKHUB_PROFILE=production \
    PORT=8080 \
    TASKHUB_DATA_DIR=/var/lib/taskhub \
    TASKHUB_SIGNING_KEYS_FILE=/var/lib/taskhub-keys/signing-keys.json \
    TASKHUB_ENCRYPTION_KEY_FILE=/var/lib/taskhub-keys/encryption-key
USER taskhub
WORKDIR /var/lib/taskhub
VOLUME ["/var/lib/taskhub", "/var/lib/taskhub-keys"]
EXPOSE 8080
STOPSIGNAL SIGTERM
# The image has no HTTP client, so bash sends the request.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/bin/bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/$PORT && printf 'GET /health/ready HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r -t 2 _ status _ <&3 && test \"$status\" = 200"]
ENTRYPOINT ["taskhub"]
CMD ["serve"]
