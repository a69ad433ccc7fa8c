package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// CPU returns the CPU time in seconds that the lab's own Kafka processes used; 0 where it can't be told.
func (k *Kafka) CPU() float64 {
	var sum float64
	for _, n := range k.Nodes {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.Pid()))
		if err == nil {
			sum += cpuOf(string(stat))
		}
	}
	return sum
}

// ticksPerSecond is Linux's USER_HZ, in which /proc counts.
const ticksPerSecond = 100

// statTimes is the place of utime in /proc/PID/stat, counted from the field after the command's name; stime follows.
const statTimes = 11

// cpuOf returns the CPU time in seconds that a line of /proc/PID/stat tells; 0 if it is none.
func cpuOf(stat string) float64 {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]) // the command's name may have anything in it
	if len(fields) < statTimes+2 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[statTimes], 64)
	system, _ := strconv.ParseFloat(fields[statTimes+1], 64)
	return (user + system) / ticksPerSecond
}
