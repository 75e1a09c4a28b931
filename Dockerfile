# One small image with the one binary; `docker compose` runs every Herald process from it.

FROM golang:1.26-bookworm AS build
WORKDIR /src
# Dependencies first: this layer stays valid while only the code changes.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# Without cgo the binary needs no C library, so the image below needs none.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/herald ./cmd/herald

# CA certificates and time zones, no shell.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/herald /usr/local/bin/herald
# The image's own unprivileged user, by number, so that Kubernetes can verify it is not root.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["herald"]
