package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRelationIsASentence(t *testing.T) {
	require.Equal(t, "producer.delivery.timeout.ms must be at least producer.linger.ms + producer.request.timeout.ms", Relations()[0].String())
	require.Equal(t, "a must be at least 3 × b", Relation{Most: "a", Sum: []Name{"b"}, Times: 3}.String())
	require.Equal(t, "a must be at least 2 × (b + c)", Relation{Most: "a", Sum: []Name{"b", "c"}, Times: 2}.String())
}

func TestBrokenRelationSaysWhatToDo(t *testing.T) {
	v := Values{ProducerLingerMs: Number(1000), ProducerRequestTimeoutMs: Number(30000), ProducerDeliveryTimeoutMs: Number(30999)}
	require.EqualError(t, v.Validate(), "producer.delivery.timeout.ms is 30999, needed is 31000: "+
		"producer.delivery.timeout.ms must be at least producer.linger.ms + producer.request.timeout.ms, "+
		"because a record waits for linger and one request before it can be acknowledged; raise producer.delivery.timeout.ms or lower the other side")
	require.NoError(t, v.With(ProducerDeliveryTimeoutMs, Number(31000)).Validate())
}

func TestRelationHoldsWhereOneOfItsSettingsIsMissing(t *testing.T) {
	broken := Values{ConsumerSessionTimeoutMs: Number(8999), ConsumerHeartbeatIntervalMs: Number(3000)}
	require.ErrorContains(t, broken.ValidateRelations(), "needed is 9000")
	for _, n := range broken.Names() {
		require.NoError(t, broken.With(n, Value{}).ValidateRelations())
	}
}

func TestRelationKnowsWhatItNeeds(t *testing.T) {
	session := Relations()[4]
	need, ok := session.Needs(Values{ConsumerHeartbeatIntervalMs: Number(5000)})
	require.True(t, ok)
	require.EqualValues(t, 15000, need)
	_, ok = session.Needs(Values{})
	require.False(t, ok)
}

func TestEveryRelationIsBrokenByItsWorstValues(t *testing.T) {
	for _, r := range Relations() {
		most, _ := Lookup(r.Most)
		v := Values{r.Most: Number(most.Min)}
		for _, n := range r.Sum {
			s, _ := Lookup(n)
			v[n] = Number(s.Max)
		}
		require.Error(t, v.ValidateRelations(), r)
		need, ok := r.Needs(v)
		require.True(t, ok)
		require.NoError(t, r.check(v.With(r.Most, Number(need))), r)
		require.Error(t, r.check(v.With(r.Most, Number(need-1))), r)
	}
}
