-- Hours that are too old are found without reading those that are not.
CREATE INDEX coverage_hour ON coverage (hour);
