package api

import (
	"slices"
	"strings"
)

// All are the operations, in the order of the reference.
func All() []Endpoint {
	return []Endpoint{
		AboutServer,
		ConnectorList, ConnectorShow,
		CredentialTypes, CredentialHelp, CredentialAdd, CredentialList, CredentialShow, CredentialTest, CredentialHistory, CredentialRotate, CredentialEdit, CredentialUsedBy, CredentialRemove,
		SourceCreate, SourceList, SourceShow, SourceEdit, SourcePause, SourceResume, SourceRemove, SourceTest, SourceSample, SourceActions, SourceAct,
		DestinationCreate, DestinationList, DestinationShow, DestinationEdit, DestinationPause, DestinationResume, DestinationRemove, DestinationTest, DestinationActions, DestinationAct, DestinationItems, DestinationItem, DestinationMissing,
		DatasetList, DatasetShow, DatasetSample, DatasetSchema, DatasetDiff, DatasetForget,
		FlowCreate, FlowList, FlowShow, FlowEdit, FlowPause, FlowResume, FlowRemove, FlowMove, FlowRun, FlowPlan, FlowRetry, FlowPlanBackfill, FlowBackfill,
		OverviewShow, ActivityShow,
		DraftValidate, DraftCredentialTest, DraftSourceTest, DraftSourceSample, DraftDestinationTest, TransformTry, SchemaInfer, CloudList,
		RunList, RunShow, RunProgress, RunWindows, DeliveryList, RunCancel, RunApprove,
		CoverageShow, CoverageWindow,
		LetterList, LetterGroupList, LetterShow, LetterExport, LetterPlan, LetterReplay, LetterDiscard, LetterEditBody,
		FilesPlan, FilesApply, FilesExport,
		KeyShow, KeyRotate,
		SetupShow, SetupCreate, SessionBegin, SessionShow, SessionEnd, SessionList, SessionRevoke, SessionRevokeOthers, SessionPassword,
		UserAdd, UserList, UserShow, UserEdit, UserPassword, UserRemove,
		TokenCreate, TokenList, TokenRevoke,
		AuditList, AuditVerify,
	}
}

// Nouns are what operations are about: the scopes of tokens.
func Nouns() []string {
	var all []string
	for _, e := range All() {
		noun, _, _ := strings.Cut(e.Info().Name, ".")
		if !e.Info().Public && !slices.Contains(all, noun) {
			all = append(all, noun)
		}
	}
	return all
}
