package memory

// Put writes raw bytes under a key below the application's prefix ("settings", "tuner" or "hold"), as a stranger with
// etcdctl could.
func (s *Store) Put(key string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(func() { s.put(key, data) })
}

// Delete deletes a key below the application's prefix.
func (s *Store) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(func() { delete(s.keys, key) })
}

// ExpireInstance ends the lease of the instance id, as if it had not been heard of for too long. A Join that still
// runs joins again.
func (s *Store) ExpireInstance(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.members[id]; ok {
		delete(s.members, id)
		close(m.expired)
	}
}

// ExpireLeader ends the leader's lease; the next candidate leads. A Campaign that still runs stands again.
func (s *Store) ExpireLeader() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.candidates) > 0 {
		s.dismiss(s.candidates[0])
	}
}

// SetAway makes every call fail with [ErrAway] and every watch silent, until it is called with false. Leases stay.
func (s *Store) SetAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
	s.wake()
}
