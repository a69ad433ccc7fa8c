#!/bin/sh
# Gives etcd its users, each with the least that docs/security.md says its part needs, and switches authentication on. It may
# run again: what is there stays as it is.
set -eu

app=/veltrix/v1/apps/hunt-engine

if etcdctl auth status | grep -q 'Authentication Status: true'; then
	echo 'authentication is on already'
	exit 0
fi

# user NAME ROLE: with the password that was made for it.
user() {
	etcdctl user get "$1" >/dev/null 2>&1 || etcdctl user add "$1" --interactive=false <"/secrets/etcd/$1"
	etcdctl user grant-role "$1" "$2"
}
role() { etcdctl role get "$1" >/dev/null 2>&1 || etcdctl role add "$1"; }
# may ROLE read|readwrite KEY [--prefix]
may() {
	role=$1 right=$2 key=$3
	shift 3
	etcdctl role grant-permission "$role" "$right" "$app/$key" "$@"
}

role hunt
may hunt read settings
may hunt readwrite instances/ --prefix

role veltrix
may veltrix read instances/ --prefix
for key in settings tuner hold; do may veltrix readwrite "$key"; done
for key in journal/ leader/; do may veltrix readwrite "$key" --prefix; done

role operator
may operator read tuner
for key in instances/ leader/; do may operator read "$key" --prefix; done
for key in settings hold; do may operator readwrite "$key"; done
may operator readwrite journal/ --prefix

role root
for name in root hunt veltrix operator; do user "$name" "$name"; done
etcdctl auth enable
