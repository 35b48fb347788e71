# Two stages: build with the toolchain, run with the libraries alone, as a user without rights.
#   docker build -t tamis .
#   docker run -p 127.0.0.1:8080:8080 -v tamis:/var/lib/tamis -e TAMIS_AUTH_KEYS=me:admin:SECRET-OF-16-OR-MORE tamis
# A container must listen beyond its loopback, so the server wants keys (docs/configuration.md).
FROM docker.io/library/debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/install_dependencies scripts/
RUN scripts/install_dependencies build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DTAMIS_TESTS=OFF -DTAMIS_BENCH=OFF \
    && cmake --build --preset release --target tamis \
    && strip build/release/tamis

FROM docker.io/library/debian:bookworm-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
       ca-certificates curl libfmt9 libhwy1 liblzma5 libopenblas0-pthread libprometheus-cpp-core1.0 libroaring0 \
       librocksdb7.8 libsimdjson14 libspdlog1.10 libssl3 libtomlplusplus3 libutf8proc2 libxxhash0 libzstd1 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/tamis --create-home tamis
COPY --from=build /src/build/release/tamis /usr/local/bin/tamis
COPY deploy/tamis.toml /etc/tamis/tamis.toml
USER tamis
VOLUME /var/lib/tamis
EXPOSE 8080
ENV TAMIS_SERVER_HOST=0.0.0.0
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["curl", "-fsS", "http://127.0.0.1:8080/healthz"]
ENTRYPOINT ["tamis"]
CMD ["serve", "--data", "/var/lib/tamis/data", "--config", "/etc/tamis/tamis.toml"]
