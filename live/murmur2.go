package live

import "encoding/binary"

// murmur2 is the hash of Kafka's own clients, so that all of them send a key to the same partition.
func murmur2(data []byte) uint32 {
	const (
		seed  = uint32(0x9747b28c)
		mix   = uint32(0x5bd1e995)
		shift = 24
	)
	h := seed ^ uint32(len(data))
	for len(data) >= 4 {
		k := binary.LittleEndian.Uint32(data) * mix
		k ^= k >> shift
		h = h*mix ^ k*mix
		data = data[4:]
	}
	if len(data) > 0 {
		for i, b := range data {
			h ^= uint32(b) << (8 * i)
		}
		h *= mix
	}
	h ^= h >> 13
	h *= mix
	return h ^ h>>15
}

// keyPartition returns the index of the partition that key belongs to, of n.
func keyPartition(key []byte, n int) int { return int((murmur2(key) & 0x7fffffff) % uint32(n)) }
