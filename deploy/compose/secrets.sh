#!/bin/sh
# Makes a password for each part, once, in that part's volume, readable by its user alone. etcd's administrator gets a copy of
# those that it gives to users.
set -eu

# make FILE OWNER: a password of 24 random bytes, unless there is one.
make() {
	if [ ! -s "$1" ]; then
		head -c 24 /dev/urandom | base64 >"$1.new"
		mv "$1.new" "$1"
	fi
	chown "$2" "$(dirname "$1")" "$1"
	chmod 0500 "$(dirname "$1")"
	chmod 0400 "$1"
}

# share FILE COPY
share() {
	cp -f "$1" "$2"
	chown 65532:65532 "$2"
	chmod 0400 "$2"
}

make /secrets/etcd/root 65532:65532
make /secrets/hunt/password 65532:65532
make /secrets/veltrix/password 65532:65532
make /secrets/operator/password 65532:65532
make /secrets/grafana/password 472:0
share /secrets/hunt/password /secrets/etcd/hunt
share /secrets/veltrix/password /secrets/etcd/veltrix
share /secrets/operator/password /secrets/etcd/operator
