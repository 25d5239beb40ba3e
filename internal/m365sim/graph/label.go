package graph

// A label gives a property a meaning that Microsoft 365 knows.
type label struct {
	kinds      []string // types that fit
	late       bool     // after the enum's sentinel: hidden unless asked for
	government bool     // known in the US government's clouds
	people     bool     // of people data alone
	useless    bool     // in the enum, and not supported
}

var (
	onlyText       = []string{"string"}
	onlyTexts      = []string{"stringCollection"}
	onlyTime       = []string{"dateTime"}
	person         = []string{"string", "principal"}
	persons        = []string{"stringCollection", "principalCollection"}
	lateText       = label{kinds: onlyText, late: true}
	lateTime       = label{kinds: onlyTime, late: true}
	latePerson     = label{kinds: person, late: true}
	personText     = label{kinds: onlyText, late: true, people: true}
	personTexts    = label{kinds: onlyTexts, late: true, people: true}
	personNotYet   = label{kinds: onlyTexts, late: true, people: true, useless: true}
	earlyText      = label{kinds: onlyText, government: true}
	earlyTime      = label{kinds: onlyTime, government: true}
	governmentIcon = label{kinds: onlyText, late: true, government: true}
)

// labels are all there are. Where the type of a work item's label is uncertain, the likeliest is wanted.
var labels = map[string]label{
	"title": earlyText, "url": earlyText, "createdBy": earlyText, "lastModifiedBy": earlyText,
	"authors":         {kinds: onlyTexts, government: true},
	"createdDateTime": earlyTime, "lastModifiedDateTime": earlyTime, "fileName": earlyText, "fileExtension": earlyText,
	"containerName": lateText, "containerUrl": lateText, "iconUrl": governmentIcon,
	"assignedToPeople": {kinds: persons, late: true},
	"closedBy":         latePerson, "closedDate": lateTime, "priority": lateText, "sprintName": lateText,
	"tags":     {kinds: onlyTexts, late: true},
	"severity": lateText, "state": lateText, "dueDate": lateTime, "itemParentId": lateText, "itemPath": lateText,
	"itemType":          lateText,
	"numberOfReactions": {kinds: []string{"int64"}, late: true},
	"parentUrl":         lateText, "priorityNormalized": lateText, "reportedBy": latePerson, "secondaryId": lateText,
	"personEmails": personTexts, "personAddresses": personTexts, "personAnniversaries": personTexts, "personName": personText,
	"personNote": personText, "personPhones": personTexts, "personCurrentPosition": personText, "personWebAccounts": personTexts,
	"personWebSite": personText, "personSkills": personTexts, "personProjects": personTexts, "personAccount": personText,
	"personAwards": personTexts, "personCertifications": personTexts, "personAssistants": personNotYet,
	"personColleagues": personNotYet, "personManager": personNotYet, "personAlternateContacts": personNotYet,
	"personEmergencyContacts": personNotYet, "personEducationalActivities": personTexts, "personInterests": personTexts,
	"personLanguages": personTexts, "personPublications": personTexts, "personPatents": personTexts, "personWorkPositions": personTexts,
}

// A kind is a property's type.
type kind struct {
	name       string
	annotation string // of a value's @odata.type
	of         *kind  // of a collection: its entries'
	late       bool   // after the enum's sentinel
}

var (
	kindString    = &kind{name: "string", annotation: "String"}
	kindInt64     = &kind{name: "int64", annotation: "Int64"}
	kindDouble    = &kind{name: "double", annotation: "Double"}
	kindDateTime  = &kind{name: "dateTime", annotation: "DateTimeOffset"}
	kindBoolean   = &kind{name: "boolean", annotation: "Boolean"}
	kindPrincipal = &kind{name: "principal", annotation: namespace + "principal", late: true}
)

// kinds are all types by lower-case name.
var kinds = map[string]*kind{
	"string": kindString, "int64": kindInt64, "double": kindDouble, "datetime": kindDateTime, "boolean": kindBoolean,
	"stringcollection":    {name: "stringCollection", annotation: "Collection(String)", of: kindString},
	"int64collection":     {name: "int64Collection", annotation: "Collection(Int64)", of: kindInt64},
	"doublecollection":    {name: "doubleCollection", annotation: "Collection(Double)", of: kindDouble},
	"datetimecollection":  {name: "dateTimeCollection", annotation: "Collection(DateTimeOffset)", of: kindDateTime},
	"principal":           kindPrincipal,
	"principalcollection": {name: "principalCollection", annotation: "Collection(" + namespace + "principal)", of: kindPrincipal, late: true},
}

// text reports whether words of it can be searched.
func (k *kind) text() bool { return k == kindString || k.of == kindString }

func (k *kind) principal() bool { return k == kindPrincipal || k.of == kindPrincipal }
