package main

import (
	"fmt"
	"strings"
	"testing"
)

const run = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:5: quiet\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: 1 is not 2\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- FAIL: TestB (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"run","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Test":"TestC","Output":"=== RUN   TestC\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:9: no Java\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"--- SKIP: TestC (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
{"Action":"run","Package":"q","Test":"TestA"}
{"Action":"pass","Package":"q","Test":"TestA"}
{"Action":"output","Package":"q","Output":"PASS\n"}
{"Action":"output","Package":"q","Output":"ok  \tq\t0.2s\n"}
{"Action":"pass","Package":"q"}
`

func TestResultsArePrintedAndCounted(t *testing.T) {
	want(t, run,
		"    b_test.go:7: 1 is not 2\n--- FAIL: TestB (0.00s)\nFAIL\tp\t0.1s\nok  \tq\t0.2s\nskipped: p TestC: c_test.go:9: no Java\n2 passed, 1 failed\n")
}

func TestTestThatRanTwiceCountsOnce(t *testing.T) {
	text := count(t, run+run)
	if !strings.HasSuffix(text, "\n2 passed, 1 failed\n") {
		t.Fatal(text)
	}
}

func TestPackageThatDoesNotBuildIsAFailure(t *testing.T) {
	want(t, `{"ImportPath":"p [p.test]","Action":"build-output","Output":"p/a.go:1: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}
`, "p/a.go:1: undefined: x\nFAIL\tp [build failed]\n0 passed, 1 failed\n")
}

func TestTestThatNeverEndedIsAFailure(t *testing.T) {
	want(t, `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic: test timed out after 1s\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t1.0s\n"}
{"Action":"fail","Package":"p"}
`, "FAIL\tp\t1.0s\npanic: test timed out after 1s\n0 passed, 1 failed\n")
}

func TestLongOutputOfAFailedTestBeginsWithItsEnd(t *testing.T) {
	var events strings.Builder
	events.WriteString(`{"Action":"run","Package":"p","Test":"TestA"}` + "\n")
	for i := range 200 {
		fmt.Fprintf(&events, `{"Action":"output","Package":"p","Test":"TestA","Output":"row %d\n"}`+"\n", i)
	}
	events.WriteString(`{"Action":"fail","Package":"p","Test":"TestA"}` + "\n")
	text := count(t, events.String())
	if !strings.HasPrefix(text, "TestA of p failed and ended with:\nrow 170\n") || strings.Count(text, "row 199\n") != 2 || strings.Count(text, "row 0\n") != 1 {
		t.Fatal(text)
	}
}

func TestOtherLinesArePassedOn(t *testing.T) {
	want(t, "go: downloading x\n", "go: downloading x\n0 passed, 0 failed\n")
}

func want(t *testing.T, events, want string) {
	t.Helper()
	if got := count(t, events); got != want {
		t.Fatalf("got:\n%s\nwant:\n%s", got, want)
	}
}

func count(t *testing.T, events string) string {
	t.Helper()
	var out strings.Builder
	c := newCounter(&out)
	if err := c.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	c.printTotals()
	return out.String()
}
