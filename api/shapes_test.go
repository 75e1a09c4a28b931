package api_test

// shapes are the objects of answers, written from the contract and not from the encoders. A shape is a list of key:kind.
//
//	key?     may be missing                       key~     is in the v1 dialect only
//	*kind    may be null                          []kind   an array, never null
//	{}kind   an object with data as keys          &Name    the keys of another shape
//
// Kinds are string, bool, int, number, time, choice (unset it is null in v1, "" in v2), json (anything), data (any object),
// custom (in v1 any keys beside the others, in v2 an object in the key "custom" that is always there), and shapes.
var shapes = map[string]string{
	"User": `id:string name?:string image?:string role:string language:string teams:[]string created_at:time updated_at:time
		last_active?:time deactivated_at?:time deleted_at?:time banned:bool online:bool invisible:bool shadow_banned:bool
		blocked_user_ids:[]string custom:custom`,
	"FullUser": `&User devices:[]Device mutes:[]json channel_mutes:[]json unread_count:int total_unread_count:int
		unread_channels:int unread_threads:int`,
	"Device": `id:string push_provider:string push_provider_name?:string user_id:string disabled:bool created_at:time`,

	"Attachment": `type?:string fallback?:string color?:string pretext?:string author_name?:string author_link?:string
		author_icon?:string title?:string title_link?:string text?:string image_url?:string thumb_url?:string asset_url?:string
		footer?:string footer_icon?:string og_scrape_url?:string original_width?:int original_height?:int
		actions?:[]Action fields?:[]Field giphy?:data custom:custom`,
	"Action": `name?:string text?:string type?:string value?:string style?:string`,
	"Field":  `title?:string value?:string short?:bool`,

	"Message": `id:string cid:string text:string html:string type:string user?:User attachments:[]Attachment mentioned_users:[]User
		latest_reactions:[]json own_reactions:[]json reaction_counts:data reaction_scores:data reply_count:int
		deleted_reply_count:int silent:bool pinned:bool shadowed:bool mentioned_channel:bool mentioned_here:bool
		restricted_visibility:[]string created_at:time updated_at:time deleted_at?:time poll_id?:string poll?:Poll custom:custom`,
	"MessageWithChannel": `&Message channel:Channel`,

	"Channel": `id:string type:string cid:string created_at:time updated_at:time created_by?:User frozen:bool disabled:bool
		member_count:int last_message_at?:time team?:string hidden?:bool deleted_at?:time config:ChannelConfig
		own_capabilities?:[]string custom:custom`,
	"ChannelConfig": `name:string created_at:time updated_at:time typing_events:bool read_events:bool connect_events:bool
		delivery_events:bool search:bool reactions:bool replies:bool quotes:bool mutes:bool uploads:bool url_enrichment:bool
		custom_events:bool push_notifications:bool reminders:bool mark_messages_pending:bool polls:bool
		user_message_reminders:bool shared_locations:bool count_messages:bool message_retention:string max_message_length:int
		automod:string automod_behavior:string skip_last_msg_update_for_system_msgs:bool commands:[]json`,
	"Member": `user_id:string user?:User channel_role:string role:string created_at:time updated_at:time banned:bool
		shadow_banned:bool notifications_muted:bool archived_at?:time pinned_at?:time custom:custom`,
	"Read": `user?:User last_read:time unread_messages:int last_read_message_id?:string`,
	"ChannelState": `channel:Channel members:[]Member messages:[]Message pinned_messages:[]json threads:[]json watcher_count:int
		watchers:[]json read:[]Read membership?:Member hidden?:bool`,

	"Poll": `id:string name:string description:string voting_visibility:string enforce_unique_vote:bool max_votes_allowed?:int
		allow_user_suggested_options:bool allow_answers:bool is_closed:bool options:[]PollOption vote_count:int
		vote_counts_by_option:{}int latest_votes_by_option:{}[]Vote answers_count:int latest_answers:[]Vote own_votes:[]Vote
		created_by_id:string created_by?:User created_at:time updated_at:time custom:data`,
	"PollOption": `id:string text:string custom:data`,
	"Vote": `id:string poll_id:string option_id:string user_id?:string user?:User is_answer:bool answer_text?:string
		created_at:time updated_at:time`,

	"Campaign": `id:string name:string description:string sender_id:string sender?:User message_template:MessageTemplate
		channel_template?:ChannelTemplate create_channels:bool show_channels:bool skip_push:bool skip_webhook:bool
		sender_mode:choice sender_visibility:choice segment_ids:[]string segments:[]Segment user_ids:[]string users:[]User
		status:string scheduled_for?:time stop_at?:time stats:Stats created_at:time updated_at:time paused:bool paused_at:*time
		pause_reason:string messages_per_second:*int`,
	"MessageTemplate": `text:string attachments:[]Attachment custom:data poll_id?:string searchable?:bool`,
	"ChannelTemplate": `type:string id?:string team?:string custom:data members?:[]string members_template?:[]MemberTemplate`,
	"MemberTemplate":  `user_id:string channel_role?:string custom:data`,
	"Stats": `progress:number stats_started_at:*time stats_completed_at:*time stats_messages_sent:int stats_channels_created:int
		stats_users_sent:int stats_users_read:int stats_messages_failed:int stats_messages_skipped:int
		stats_recipients_total:int stats_eta_seconds:*int
		started_at~:*time completed_at~:*time messages_sent~:int channels_created~:int`,
	"Segment": `id:string type:string name:string description:string filter:data all_users:bool all_sender_channels:bool size:int
		locked:bool task_id:string created_at:time updated_at:time deleted_at:*time`,
	"Target": `app_pk:int segment_id:string target_id:string created_at:time`,
	"Recipient": `target_id:string user_id:*string cid:*string message_id:*string status:string error_code:string error:string
		sent_at:*time read_at:*time`,
	"Move": `control_seq:int action:string via:string by:string reason:string moved_at:time`,
	"Progress": `phase:string status:string hold:string held_at:*time held_by:string hold_reason:string scheduled_for:*time
		stop_at:*time recipients_total:int recipients_done:int sent:int failed:int skipped:int channels_created:int
		pages_planned:int pages_done:int pages_in_flight:int rate:number eta:*time control_seq:int`,
	"Preview":        `target_id:string user_id?:*string status:string error_code:string error:string message:*PreviewMessage channel:*PreviewChannel`,
	"PreviewMessage": `text:string attachments:[]Attachment custom:data poll_id?:string`,
	"PreviewChannel": `cid:string type:string id:string exists:bool will_create:bool team?:string custom:data members:[]string`,

	"Pager": `next?:string prev?:string`,
	"Unread": `total_unread_count:int total_unread_threads_count:int channels:[]UnreadChannel channel_type:[]UnreadType
		threads:[]json`,
	"UnreadChannel": `channel_id:string unread_count:int last_read:time`,
	"UnreadType":    `channel_type:string channel_count:int unread_count:int`,
	"ReadEvent": `type:string cid?:string channel_id?:string channel_type?:string user:User last_read_message_id?:string
		created_at:time`,
	"TaskError": `type:string description:string`,

	"AppSettings": `id:int name:string organization:string placement:string campaign_enabled:bool suspended:bool
		suspended_explanation:string webhook_url:string webhook_events:[]string event_hooks:[]Hook use_hook_v2:bool
		enable_hook_payload_compression:bool multi_tenant_enabled:bool disable_auth_checks:bool
		disable_permissions_checks:bool permission_version:string enforce_unique_usernames:string
		user_search_disallowed_roles:[]string channel_configs:data call_types:data policies:data grants:data mau_plan:int
		campaign_messages:Capacity`,
	"Capacity": `used:int allowance:*int period_start:time period_end:time`,
	"Hook": `id:string hook_type:string enabled:bool event_types:[]string webhook_url:string product:string timeout_ms:int
		timestamp_format:string created_at:time updated_at:time`,
	"HookEvent": `name:string description:string products:[]string`,
	"HookFailure": `id:string hook_id:string webhook_url:string event_type:string campaign_id:string seq:int attempts:int
		first_attempt_at:time last_attempt_at:time last_status:int last_error:string event:data`,
	"RateLimit": `limit:int remaining:int reset:int`,

	"Error": `code:int message:string StatusCode:int duration:string more_info:string exception_fields:{}string details:[]int
		unrecoverable:bool`,
}

// answers are the shapes of answers with a 2xx by method and v1 path, without duration, which all have. An answer that is
// another shape in the v2 dialect has a second one after the semicolon.
var answers = map[string]string{
	"POST /campaigns":                    `campaign:Campaign users:Pager`,
	"GET /campaigns/{id}":                `campaign:Campaign users:Pager`,
	"PUT /campaigns/{id}":                `campaign:Campaign users:Pager; campaign:Campaign &Campaign`,
	"DELETE /campaigns/{id}":             ``,
	"POST /campaigns/{id}/start":         `campaign:Campaign users:Pager`,
	"PATCH /campaigns/{id}/schedule":     `campaign:Campaign users:Pager`,
	"POST /campaigns/{id}/stop":          `campaign:Campaign users:Pager; campaign:Campaign &Campaign`,
	"PATCH /campaigns/{id}/stop":         `campaign:Campaign users:Pager; campaign:Campaign &Campaign`,
	"POST /campaigns/{id}/pause":         `campaign:Campaign users:Pager`,
	"PATCH /campaigns/{id}/pause":        `campaign:Campaign users:Pager`,
	"POST /campaigns/{id}/resume":        `campaign:Campaign users:Pager`,
	"PATCH /campaigns/{id}/resume":       `campaign:Campaign users:Pager`,
	"POST /campaigns/query":              `campaigns:[]Campaign &Pager`,
	"POST /campaigns/{id}/test":          `recipients:[]Recipient status:string details:string results:{}string`,
	"POST /campaigns/{id}/preview":       `previews:[]Preview`,
	"POST /campaigns/{id}/audience":      `count:int estimate:bool`,
	"GET /campaigns/{id}/recipients":     `recipients:[]Recipient &Pager`,
	"GET /campaigns/{id}/execution":      `workflow_id:string run_id:string status:string web_ui_url:string progress:*Progress`,
	"GET /campaigns/{id}/moves":          `moves:[]Move`,
	"POST /segments":                     `segment:Segment`,
	"GET /segments/{id}":                 `segment:Segment`,
	"PUT /segments/{id}":                 `segment:Segment`,
	"DELETE /segments/{id}":              ``,
	"POST /segments/query":               `segments:[]Segment &Pager`,
	"POST /segments/{id}/addtargets":     ``,
	"POST /segments/{id}/deletetargets":  ``,
	"GET /segments/{id}/target/{target}": ``,
	"POST /segments/{id}/targets/query":  `targets:[]Target &Pager`,

	"GET /hook/events":   `events:[]HookEvent`,
	"GET /hook/failures": `failures:[]HookFailure &Pager`,
	"GET /app":           `app:AppSettings`,
	"PATCH /app":         ``,
	"GET /rate_limits":   `server_side?:{}RateLimit`,
	"GET /tasks/{id}":    `task_id:string status:string created_at:time updated_at:time result?:data error?:TaskError`,

	"POST /users":                 `users:{}FullUser membership_deletion_task_id:string`,
	"PATCH /users":                `users:{}FullUser membership_deletion_task_id:string`,
	"GET /users":                  `users:[]FullUser`,
	"POST /users/delete":          `task_id:string`,
	"DELETE /users/{id}":          `user:User`,
	"POST /users/{id}/deactivate": `user:User`,
	"POST /users/{id}/reactivate": `user:User`,
	"POST /users/deactivate":      `task_id:string`,
	"POST /users/reactivate":      `task_id:string`,

	"POST /channels/{type}/{id}/query":          `&ChannelState`,
	"POST /channels/{type}/query":               `&ChannelState`,
	"POST /channels":                            `channels:[]ChannelState`,
	"POST /channels/{type}/{id}":                `channel:Channel members:[]Member message?:Message`,
	"PATCH /channels/{type}/{id}":               `channel:Channel members:[]Member`,
	"PATCH /channels/{type}/{id}/member":        `channel_member:Member`,
	"PATCH /channels/{type}/{id}/member/{user}": `channel_member:Member`,
	"GET /members":                              `members:[]Member`,
	"POST /channels/{type}/{id}/hide":           ``,
	"POST /channels/{type}/{id}/show":           ``,
	"DELETE /channels/{type}/{id}":              `channel:Channel`,
	"POST /channels/delete":                     `task_id:string result:data`,

	"POST /channels/{type}/{id}/message":             `message:Message`,
	"GET /messages/{id}":                             `message:MessageWithChannel`,
	"DELETE /messages/{id}":                          `message:Message`,
	"GET /channels/{type}/{id}/messages":             `messages:[]Message`,
	"POST /polls":                                    `poll:Poll`,
	"GET /polls/{id}":                                `poll:Poll`,
	"DELETE /polls/{id}":                             ``,
	"POST /messages/{id}/polls/{poll}/vote":          `vote:Vote poll:Poll`,
	"DELETE /messages/{id}/polls/{poll}/vote/{vote}": `vote:Vote poll:Poll`,

	"POST /channels/{type}/{id}/read": `event:ReadEvent`,
	"POST /channels/read":             `event:ReadEvent`,
	"GET /unread":                     `&Unread`,
	"POST /unread_batch":              `counts_by_user:{}Unread`,
	"POST /devices":                   ``,
	"GET /devices":                    `devices:[]Device`,
	"DELETE /devices":                 ``,
}
