# syntax=docker/dockerfile:1
#
# One file for all images: docker build --target veltrix|hunt|lab . Binaries are static, processes are not root, and what is
# beside the binaries is busybox for health checks. etcd, kafka and setup are for the stack of docker-compose.yml.

FROM golang:1.26.7-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/ ./cmd/...

FROM busybox:1.37.0-musl AS base
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN mkdir -p /var/lib/veltrix /var/lib/hunt /var/lib/etcd && chown 65532:65532 /var/lib/veltrix /var/lib/hunt /var/lib/etcd

# The sidecar, and the operator's tool.
FROM base AS veltrix
COPY --from=build /out/veltrix /out/veltrixctl /usr/local/bin/
USER 65532:65532
WORKDIR /var/lib/veltrix
EXPOSE 9190
ENTRYPOINT ["/usr/local/bin/veltrix"]
CMD ["--config.file=/etc/veltrix/veltrix.yml", "--web.listen-address=0.0.0.0:9190"]

# The treasure hunt engine.
FROM base AS hunt
COPY --from=build /out/hunt /usr/local/bin/
USER 65532:65532
WORKDIR /var/lib/hunt
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/hunt"]
CMD ["--config.file=/etc/hunt/hunt.yml", "--web.listen-address=0.0.0.0:8080"]

# The load generator.
FROM base AS lab
COPY --from=build /out/lab /usr/local/bin/
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/lab"]

# etcd's own image has no shell, and so nothing for a health check while its authentication is on.
FROM gcr.io/etcd-development/etcd:v3.7.3 AS etcd-release
FROM base AS etcd
COPY --from=etcd-release /usr/local/bin/etcd /usr/local/bin/etcdctl /usr/local/bin/
USER 65532:65532
WORKDIR /var/lib/etcd
ENTRYPOINT ["/usr/local/bin/etcd"]

# Kafka, with the exporter that makes metrics of its JMX beans.
FROM apache/kafka:4.3.1 AS kafka
ADD --chmod=644 --checksum=sha256:7d61f737fd661610ccc14aea79764faa1ea94a340cbc8f0029b3d2edea3d80c1 \
    https://repo1.maven.org/maven2/io/prometheus/jmx/jmx_prometheus_javaagent/1.0.1/jmx_prometheus_javaagent-1.0.1.jar \
    /opt/jmx/jmx_prometheus_javaagent.jar
