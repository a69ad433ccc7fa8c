#!/bin/sh
# veltrixctl as the operator of this stack: docker compose run --rm ctl status
set -eu
exec veltrixctl "$@" --app hunt-engine --etcd.endpoints http://etcd:2379 \
	--etcd.username operator --etcd.password-file /run/operator/password
