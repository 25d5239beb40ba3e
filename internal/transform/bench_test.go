package transform_test

import (
	"fmt"
	"strings"
	"testing"

	"encoding/json"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/transform"
)

// record is 1.4 kB in the shape of an audit record, with the looked-at field where the service puts it.
func record() connector.Record {
	var parameters strings.Builder
	for i := range 13 {
		fmt.Fprintf(&parameters, `,{"Name":"Parameter%02d","Value":"contoso.example\/Microsoft Exchange Hosted\/%d"}`, i, i)
	}
	body := `{"CreationTime":"2026-11-20T21:13:35","Id":"b78265e8-5d20-4cdf-3e10-08d91a41cc86","Operation":"Set-MailboxPlan",` +
		`"OrganizationId":"0873ee4d-d342-44f2-8961-74c442a2fad2","RecordType":1,"ResultStatus":"True","UserKey":"NT AUTHORITY\\SYSTEM (Host)",` +
		`"UserType":3,"Version":1,"Workload":"Exchange","ObjectId":"EURPR04A009\/Microsoft Exchange Hosted Organizations","ExternalAccess":true,` +
		`"Parameters":[{"Name":"Identity","Value":"x"}` + parameters.String() + `]}`
	return connector.Record{Key: "k", Body: json.RawMessage(body)}
}

func BenchmarkTransform(b *testing.B) {
	for name, step := range map[string]transform.Step{
		"keep, field found":  {Keep: `Workload != "OneDrive"`},
		"keep, field absent": {Keep: `Missing == null`},
		"keep, three fields": {Keep: `Workload == "Exchange" and RecordType < 50 and not (Operation == "FileAccessed")`},
		"jq, del":            {JQ: `del(.AppAccessContext)`},
	} {
		b.Run(name, func(b *testing.B) {
			chain, r, n := compile(b, step), record(), 0
			b.SetBytes(int64(len(r.Body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := chain.Apply(b.Context(), r, func(connector.Record) error { n++; return nil }); err != nil {
					b.Fatal(err)
				}
			}
			if n == 0 {
				b.Error("nothing came through")
			}
		})
	}
}
