# Two stages: build the Debian package with the toolchain, run the program with its libraries alone, as a user without rights. The
# image has no shell; `tamis` itself answers the health check.
#   docker build -t tamis .
#   docker run -p 127.0.0.1:8080:8080 -v tamis:/var/lib/tamis -e TAMIS_AUTH_KEYS=me:admin:SECRET-OF-16-OR-MORE tamis
# A container must listen beyond its loopback, so the server wants keys (docs/configuration.md).
FROM docker.io/library/debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/install_dependencies scripts/
RUN scripts/install_dependencies build \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends dpkg-dev nodejs npm \
    && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DTAMIS_TESTS=OFF -DTAMIS_BENCH=OFF \
    && cmake --build --preset release --target tamis \
    && scripts/package \
    && scripts/bare_root build/package/tamis_*.deb /image

FROM scratch
COPY --from=build /image /
COPY --from=build --chown=10001:10001 /image/var/lib/tamis /var/lib/tamis
USER 10001:10001
VOLUME /var/lib/tamis
EXPOSE 8080
ENV TAMIS_SERVER_HOST=0.0.0.0
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/usr/bin/tamis", "health", "--timeout", "2"]
ENTRYPOINT ["/usr/bin/tamis"]
CMD ["serve", "--data", "/var/lib/tamis/data", "--config", "/etc/tamis/tamis.toml"]
