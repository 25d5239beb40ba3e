package office365

// What the API sends, exactly as sent; unknown fields are ignored. Sources: Microsoft's pages "Office 365 Management
// Activity API reference" (operations, shapes) and, where they disagree, answers of the service in public traces.

// A subscription is an element of /subscriptions/list and the answer of /subscriptions/start. Status can be absent.
type subscription struct {
	ContentType string          `json:"contentType"`
	Status      string          `json:"status"` // enabled, disabled
	Webhook     *subscribedHook `json:"webhook"`
}

type subscribedHook struct {
	Status     string  `json:"status"` // enabled, disabled, expired
	Address    string  `json:"address"`
	AuthID     string  `json:"authId"`
	Expiration *string `json:"expiration"`
}

// A content is an element of /subscriptions/content: one blob.
type content struct {
	ContentType string `json:"contentType"`
	ContentID   string `json:"contentId"`
	ContentURI  string `json:"contentUri"`
	Created     string `json:"contentCreated"`    // 2017-10-14T18:00:51.748Z
	Expiration  string `json:"contentExpiration"` // seven days later
}

// startBody is the body of /subscriptions/start with a webhook.
type startBody struct {
	Webhook startHook `json:"webhook"`
}

type startHook struct {
	Address    string `json:"address"`
	AuthID     string `json:"authId,omitempty"`
	Expiration string `json:"expiration"` // "": never
}
