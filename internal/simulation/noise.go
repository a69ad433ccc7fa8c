package simulation

import (
	"math"
	"math/rand/v2"
)

// Noise is how a reading varies around the truth.
type Noise int

// The kinds of noise.
const (
	Gaussian Noise = iota // the bell
	Heavy                 // Student's t with 3 degrees of freedom, of the same scale
	Bursts                // calm, and for one time in twenty four times as large, several scrapes long
)

// String names the kind as docs/judge.md does.
func (n Noise) String() string { return [...]string{"Gaussian", "heavy-tailed", "bursts"}[n] }

// Noises are all kinds.
func Noises() []Noise { return []Noise{Gaussian, Heavy, Bursts} }

// Source draws relative errors of one kind.
type Source struct {
	random *rand.Rand
	kind   Noise
	scale  float64
	burst  int
}

// NewSource returns errors of mean 0; scale is their standard deviation where the kind is Gaussian.
func NewSource(random *rand.Rand, kind Noise, scale float64) *Source {
	return &Source{random: random, kind: kind, scale: scale}
}

// Next returns the next relative error.
func (s *Source) Next() float64 {
	e := s.random.NormFloat64()
	switch s.kind {
	case Gaussian:
	case Heavy:
		// A normal over the root of a mean of three squares.
		var squares float64
		for range 3 {
			x := s.random.NormFloat64()
			squares += x * x
		}
		e /= math.Sqrt(squares / 3)
	case Bursts:
		switch {
		case s.burst > 0:
			s.burst--
			e *= 4
		case s.random.IntN(80) == 0:
			s.burst = 1 + s.random.IntN(6)
		}
	}
	return s.scale * e
}

// Around returns x with the next error, not below a tenth of x: a latency is never negative.
func (s *Source) Around(x float64) float64 { return x * max(0.1, 1+s.Next()) }
