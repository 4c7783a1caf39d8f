# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# The project's two images, for linux/amd64 and linux/arm64:
#
#   docker buildx build --platform=linux/amd64,linux/arm64 --target=operator -t meeting-recording-operator:dev .
#   docker buildx build --platform=linux/amd64,linux/arm64 --target=media    -t meeting-recording-operator-media:dev .
#
# operator has /manager, /sidecar, /events, /backfill and /postprocess, and nothing else. media has /postprocess and Debian's ffmpeg, for the steps that
# look into a recording. Both run as user 65532 and need no writable root: give media a volume at /tmp.
# hack/images/build.sh makes the same images without Docker.

FROM --platform=$BUILDPLATFORM golang:1.26-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY cmd cmd
COPY controllers controllers
COPY events events
COPY internal internal
ARG TARGETOS=linux TARGETARCH VERSION=unknown
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X github.com/meetingops/meeting-recording-operator/internal/version.version=$VERSION" \
      -o /out/ ./cmd/manager ./cmd/sidecar ./cmd/events ./cmd/backfill ./cmd/postprocess \
 && printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' >/out/passwd \
 && printf 'root:x:0:\nnonroot:x:65532:\n' >/out/group \
 && mkdir /out/tmp && chmod 1777 /out/tmp

FROM debian:bookworm-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171 AS media
# The build fails when Debian's ffmpeg lacks what the steps use.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates ffmpeg \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
 && for encoder in libx264 libopus aac; do ffmpeg -hide_banner -h encoder=$encoder | grep -q "^Encoder $encoder " || exit 1; done \
 && groupadd --gid 65532 nonroot \
 && useradd --uid 65532 --gid 65532 --no-create-home --home-dir / --shell /usr/sbin/nologin nonroot
COPY --from=build /out/postprocess /postprocess
USER 65532:65532
ENTRYPOINT ["/postprocess"]

FROM scratch AS operator
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/passwd /out/group /etc/
COPY --from=build /out/tmp /tmp
COPY --from=build /out/manager /out/sidecar /out/events /out/backfill /out/postprocess /
USER 65532:65532
ENTRYPOINT ["/manager"]
