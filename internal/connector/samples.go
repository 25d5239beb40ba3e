package connector

// What is kept of some of a source's records, so that people see what they look like.
const (
	SamplesRedacted = "redacted" // the records, without what tells of a person
	SamplesWhole    = "whole"    // the records as they are
	SamplesSchema   = "schema"   // no record: only which fields there are
	SamplesOff      = "off"      // nothing: the records are not looked at
)

// Kept says what is kept of some records of a source with this config.
func (s SourceSpec) Kept(cfg Config) string {
	if s.Samples == nil {
		return SamplesRedacted
	}
	if kept := s.Samples(cfg); kept != "" {
		return kept
	}
	return SamplesRedacted
}
