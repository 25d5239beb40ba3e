package m365sim

import "strings"

// ContentTypes are the feed's content types, as the service spells them.
var ContentTypes = []string{
	"Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All",
}

const (
	typeAAD = iota
	typeExchange
	typeSharePoint
	typeGeneral
	typeDLP
	typeCount
)

// typeIndex finds a content type without regard to case, as the service does; -1 when there is none.
func typeIndex(name string) int {
	for i, t := range ContentTypes {
		if strings.EqualFold(t, name) {
			return i
		}
	}
	return -1
}

// typeOfRecord says which content type carries a record type. DLP record types come through DLP.All; those of
// Exchange and SharePoint come a second time, without details, through their workload's own type.
func typeOfRecord(recordType int) int {
	switch recordType {
	case 8, 9, 15, 254, 294:
		return typeAAD
	case 1, 2, 3, 19, 50, 43, 75, 101, 107, 154, 275:
		return typeExchange
	case 4, 6, 7, 14, 36, 37, 54, 55, 56, 102, 71, 205:
		return typeSharePoint
	case 11, 13, 33, 63, 99, 100, 108:
		return typeDLP
	}
	return typeGeneral
}

// workloadOf is the type that a DLP record type comes through a second time; -1 when it doesn't.
func workloadOf(recordType int) int {
	switch recordType {
	case 13:
		return typeExchange
	case 11:
		return typeSharePoint
	}
	return -1
}
