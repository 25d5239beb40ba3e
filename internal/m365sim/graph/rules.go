package graph

import "time"

// Rules are the limits and times of the simulated service. Begin with Quick or Realistic. Times pass by the service's
// clock, but for Latency, which is the machine's.
type Rules struct {
	Latency    time.Duration // of each operation, also of each part of a $batch
	SchemaTime time.Duration // from a schema's PATCH to the end of its operation
	DeleteTime time.Duration // from a connection's DELETE until its ID is free
	CountEvery time.Duration // how often beta's ingestedItemsCount is counted anew

	WritesPerSecond float64       // for one app on one connection; 0: no limit
	ReadsPerSecond  float64       // of GETs of one item; 0: no limit
	Burst           int           // writes or reads at once after a quiet time; 0: one second's worth
	Cooldown        time.Duration // after a refusal everything of that app on the connection is refused for so long
	RetryAfter      time.Duration // what a 429 says, whole seconds, rounded up
	InFlight        int           // operations of one app on one connection at a time; 0: no limit

	ItemBytes      int   // of an item's request body
	ItemsPerTenant int64 //
	Items          int64 // in one connection
	Connections    int   // in the tenant; 0: no limit, none is published

	HashesOnly bool // keep no bodies, only their hashes: for millions of items. GET of an item then answers 501
	PlainGzip  bool // accept a body that says Content-Encoding: gzip and is not
}

// Quick is what tests want: the published limits, no throttling by rate, and waits of two seconds.
func Quick() Rules {
	return Rules{
		SchemaTime: 2 * time.Second, DeleteTime: 2 * time.Second, CountEvery: 15 * time.Minute,
		RetryAfter: 10 * time.Second, InFlight: 25,
		ItemBytes: 4_000_000, Items: 5_000_000, ItemsPerTenant: 50_000_000,
	}
}

// Realistic is the service as it was measured (half a second for a write, some 30 writes a second for a connection,
// 429 with Retry-After 10 beyond, ten minutes for a schema), with all times scale times shorter and all rates scale times
// higher. Retry-After can't be shorter than a second.
func Realistic(scale float64) Rules {
	shorter := func(d time.Duration) time.Duration { return time.Duration(float64(d) / scale) }
	rules := Quick()
	rules.Latency = shorter(500 * time.Millisecond)
	rules.SchemaTime, rules.DeleteTime = shorter(10*time.Minute), shorter(10*time.Minute)
	rules.CountEvery = shorter(15 * time.Minute)
	rules.WritesPerSecond, rules.ReadsPerSecond = 30*scale, 10*scale
	rules.Cooldown, rules.RetryAfter = shorter(2*time.Second), shorter(10*time.Second)
	return rules
}

const (
	mostProperties    = 128
	mostGroups        = 100_000 // in a tenant
	mostMembers       = 50_000  // of a group
	mostActivities    = 20
	mostBatch         = 20
	mostTemplates     = 2
	mostResolvers     = 8
	batchBytes        = 4_000_000
	smallBody         = 1_000_000 // of everything that is neither an item nor a batch
	longestID         = 128       // of items, groups and members
	longestName       = 128       // of a connection
	longestConnection = 32        // its ID
	longestProperty   = 32        // its name, and its aliases
)
