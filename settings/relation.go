package settings

import (
	"fmt"
	"strings"
)

// Relation is a rule across settings of one unit: the value of Most must be at least the sum of the values of Sum,
// times Times. A relation holds where one of its settings is missing.
type Relation struct {
	Most Name
	Sum  []Name
	// Times is at least 1.
	Times int64
	// Why gives the reason in one clause.
	Why string
}

// Relations returns the rules across settings. The caller must not modify it.
func Relations() []Relation {
	return []Relation{
		{Most: ProducerDeliveryTimeoutMs, Sum: []Name{ProducerLingerMs, ProducerRequestTimeoutMs}, Times: 1, Why: "a record waits for linger and one request before it can be acknowledged"},
		{Most: ProducerRetryBackoffMaxMs, Sum: []Name{ProducerRetryBackoffMs}, Times: 1, Why: "the ceiling of the back-off can't be below its start"},
		{Most: ProducerBufferMemory, Sum: []Name{ProducerBatchSize}, Times: 1, Why: "a full batch has to fit into the buffer"},
		{Most: ConsumerMaxPartitionFetchBytes, Sum: []Name{ConsumerFetchMinBytes}, Times: 1, Why: "a fetch can't be asked to wait for more than it may return"},
		{Most: ConsumerSessionTimeoutMs, Sum: []Name{ConsumerHeartbeatIntervalMs}, Times: 3, Why: "two lost heartbeats must not cost the membership"},
	}
}

// String states the relation as it is shown to people.
func (r Relation) String() string {
	names := make([]string, len(r.Sum))
	for i, n := range r.Sum {
		names[i] = string(n)
	}
	sum := strings.Join(names, " + ")
	switch {
	case r.Times > 1 && len(names) > 1:
		sum = fmt.Sprintf("%d × (%s)", r.Times, sum)
	case r.Times > 1:
		sum = fmt.Sprintf("%d × %s", r.Times, sum)
	}
	return fmt.Sprintf("%s must be at least %s", r.Most, sum)
}

// Needs returns the least value of r.Most that satisfies r under v, and false if v lacks one of the summed settings.
func (r Relation) Needs(v Values) (int64, bool) {
	var sum int64
	for _, n := range r.Sum {
		x, ok := v[n]
		if !ok {
			return 0, false
		}
		sum += x.Int()
	}
	return sum * r.Times, true
}

// check returns nil if v satisfies r, or lacks one of its settings.
func (r Relation) check(v Values) error {
	most, ok := v[r.Most]
	if !ok {
		return nil
	}
	need, ok := r.Needs(v)
	if !ok || most.Int() >= need {
		return nil
	}
	return fmt.Errorf("%s is %s, needed is %d: %s, because %s; raise %s or lower the other side",
		r.Most, most, need, r, r.Why, r.Most)
}
