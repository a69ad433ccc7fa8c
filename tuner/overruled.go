package tuner

import (
	"cmp"
	"strings"
)

// maxOverruled is how much of what was overruled a decision lists.
const maxOverruled = 64

// firstOverruled returns the first of the list, in an order that is the same in whatever order the signals came. It
// sorts numbers: what is overruled can be hundreds of large elements, and most of them are left out.
func firstOverruled(all []Overruled) []Overruled {
	order := make([]int32, len(all))
	for i := range order {
		order[i] = int32(i) //nolint:gosec // far fewer than 2³¹ actions
	}
	order = sortRuns(order, func(i, j int32) int { return compareOverruled(&all[i], &all[j]) })
	first := make([]Overruled, min(len(all), maxOverruled))
	for i := range first {
		first[i] = all[order[i]]
	}
	return first
}

func compareOverruled(a, b *Overruled) int {
	if a.Rule != b.Rule {
		return strings.Compare(a.Rule, b.Rule)
	}
	return cmp.Or(cmp.Compare(a.Setting, b.Setting), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail))
}

// sortRuns sorts by merging the runs that are in order already. Rules come in the order of their files, class by class,
// so that there are few runs, and comparing names is what sorting costs.
func sortRuns(order []int32, compare func(i, j int32) int) []int32 {
	ends := make([]int, 0, 16)
	for i := 1; i <= len(order); i++ {
		if i == len(order) || compare(order[i-1], order[i]) > 0 {
			ends = append(ends, i)
		}
	}
	spare := make([]int32, len(order))
	for len(ends) > 1 {
		merged := ends[:0]
		begin := 0
		for i := 0; i < len(ends); i += 2 {
			middle := ends[i]
			end := ends[min(i+1, len(ends)-1)]
			mergeRuns(spare[begin:end], order[begin:middle], order[middle:end], compare)
			begin = end
			merged = append(merged, end)
		}
		ends = merged
		order, spare = spare, order
	}
	return order
}

func mergeRuns(into, a, b []int32, compare func(i, j int32) int) {
	for k := range into {
		if len(b) == 0 || len(a) > 0 && compare(a[0], b[0]) <= 0 {
			into[k], a = a[0], a[1:]
			continue
		}
		into[k], b = b[0], b[1:]
	}
}
