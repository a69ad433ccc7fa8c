package engine_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkatest"
)

// The same against Apache Kafka: topics are made and found again, and the next instance knows what the first one did.
func TestAGameOnARealBroker(t *testing.T) {
	kafka := kafkatest.Start(t, kafkatest.Options{Brokers: 1})
	one := start(t, kafka.Addrs(), "one", nil)
	c := client(t)
	id := newHunt(t, c, one.url, 1, 2)
	path := "/v1/hunts/" + id + "/claims"
	status, answer := post(t, c, one.url+path, "k", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusOK, status, answer)
	one.stop()

	two := start(t, kafka.Addrs(), "two", nil)
	status, answer = post(t, c, two.url+path, "", claim("p1", "t0", "anchor"))
	require.Equal(t, http.StatusConflict, status, answer)
	status, answer = post(t, c, two.url+path, "k", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusOK, status, answer)
	require.Equal(t, map[string]int{"p0": 10, "p1": 0}, points(t, c, two.url, id))
}
