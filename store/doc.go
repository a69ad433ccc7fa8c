// Package store keeps what Veltrix knows of one application in etcd, below /veltrix/v1/apps/<app>/:
//
//	settings          the document that clients apply
//	tuner             the tuner's state: the running trial, rule states, what failed
//	journal/<ULID>    {decision, document}: what was changed, why, and the document that came of it
//	hold              an operator's hold
//	instances/<id>    what an instance runs, under its lease
//	leader/<lease>    the election, under the candidate's lease
package store
