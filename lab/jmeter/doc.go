// Package jmeter holds a JMeter plan of players' traffic, and the test that runs it headless against an engine. It has the same
// phases as cmd/lab load, and asks from outside everything that is Go: another HTTP client, another clock, another report.
//
//	mvn -f lab/jmeter/pom.xml verify -Dhunt.url=http://127.0.0.1:8080 -Dhunt.profile=calm:30s@200,spike:60s@1000
//
// An answer with an unexpected status fails the build. The HTML report is in lab/jmeter/target/jmeter/reports.
package jmeter
