//! Every address of the server.

use crate::api::{
    Api, ApiError, articles, audit, channels, chronicle, comments, diagrams, events, exports, imports, inbox,
    levels, links, openapi, persons, portal_files, publications, records, regions, registers, session,
    signals, situation, system, tokens, users, work,
};
use crate::{assets, portal};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Redirect;
use axum::routing::{get, post};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;
use wanquan_app::portal::files::FILE_BYTES_MAX;

/// `/api/v1`, with its contract.
pub fn api() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::Contract::openapi())
        // Who is there.
        .routes(routes!(system::read_health))
        .routes(routes!(session::create_setup))
        .routes(routes!(session::read_session, session::create_session, session::delete_session))
        .routes(routes!(session::change_password))
        // Registers and their records.
        .routes(routes!(registers::list_registers))
        .routes(routes!(registers::read_register))
        .routes(routes!(diagrams::draw_register))
        .routes(routes!(records::list_records, records::create_record))
        .routes(routes!(records::read_record, records::update_record, records::delete_record))
        .routes(routes!(records::list_record_versions))
        .routes(routes!(exports::export_records))
        .routes(routes!(imports::list_imports, imports::create_import))
        // Whose records they are.
        .routes(routes!(persons::find_duplicates))
        .routes(routes!(persons::find_persons))
        .routes(routes!(persons::read_person))
        .routes(routes!(persons::alike_persons))
        .routes(routes!(persons::export_person))
        .routes(routes!(persons::merge_person))
        .routes(routes!(persons::unmerge_person))
        .routes(routes!(persons::erase_person))
        // What is going on, where.
        .routes(routes!(regions::list_regions))
        .routes(routes!(regions::read_region))
        .routes(routes!(regions::read_region_map))
        .routes(routes!(situation::list_diseases))
        .routes(routes!(situation::list_measures))
        .routes(routes!(situation::read_situation))
        .routes(routes!(situation::read_timeline))
        .routes(routes!(events::watch_events))
        // What is to be done about records.
        .routes(routes!(work::read_life))
        .routes(routes!(work::take_step))
        .routes(routes!(work::take_steps))
        .routes(routes!(work::offer_record))
        .routes(routes!(work::accept_record))
        .routes(routes!(work::decline_record))
        .routes(routes!(work::snooze_record))
        .routes(routes!(inbox::list_work))
        .routes(routes!(inbox::list_work_regions))
        .routes(routes!(inbox::list_standings))
        .routes(routes!(inbox::list_notices))
        // Response levels and plans.
        .routes(routes!(levels::read_levels, levels::decide_level))
        .routes(routes!(levels::forecast_level))
        .routes(routes!(levels::decline_proposal))
        .routes(routes!(chronicle::read_chronicle))
        .routes(routes!(chronicle::export_chronicle))
        .routes(routes!(situation::list_totals))
        .routes(routes!(levels::list_plans))
        .routes(routes!(levels::run_plan))
        .routes(routes!(diagrams::draw_plan))
        // What is unusual, and what people make of it.
        .routes(routes!(signals::list_signals))
        .routes(routes!(signals::read_signal))
        .routes(routes!(signals::assess_signal))
        .routes(routes!(signals::list_alarms))
        // What the public is told.
        .routes(routes!(publications::list_publications, publications::create_publication))
        .routes(routes!(publications::publish_publication))
        // The portal: articles and channels.
        .routes(routes!(articles::list_articles, articles::create_article))
        .routes(routes!(articles::preview_article))
        .routes(routes!(articles::read_article, articles::update_article))
        .routes(routes!(articles::submit_article))
        .routes(routes!(articles::approve_article))
        .routes(routes!(articles::return_article))
        .routes(routes!(articles::withdraw_article))
        .routes(routes!(articles::move_article))
        .routes(routes!(portal_files::create_portal_file).layer(DefaultBodyLimit::max(FILE_BYTES_MAX)))
        .routes(routes!(portal_files::read_portal_file))
        .routes(routes!(channels::list_channels, channels::create_channel))
        .routes(routes!(channels::update_channel))
        .routes(routes!(links::list_links))
        .routes(routes!(links::recheck_link))
        .routes(routes!(publications::propose_bulletin))
        .routes(routes!(comments::list_comments))
        .routes(routes!(comments::get_comment_rules, comments::set_comment_rules))
        .routes(routes!(comments::decide_comment))
        .routes(routes!(comments::reply_comment))
        // Administration.
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(users::read_user, users::update_user))
        .routes(routes!(users::create_grant))
        .routes(routes!(users::delete_grant))
        .routes(routes!(users::list_roles))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::delete_token))
        .routes(routes!(audit::list_audit_entries))
}

/// Every address. Ready pages are answered before it, by [`crate::front::Front`].
pub fn router(api_state: Api) -> Router {
    let (api, contract) = api().split_for_parts();
    let contract = axum::Json(contract);
    let api = api
        .route("/openapi.json", get(|| async move { contract }))
        .fallback(|| async { ApiError::new(StatusCode::NOT_FOUND, "not_found", "no such address") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not with this method")
        })
        // Answers hold what one person may see; no cache between may keep them.
        .layer(header_layer(header::CACHE_CONTROL, "no-store"));
    Router::new()
        .nest("/api/v1", api)
        .route("/", get(portal::home))
        .route("/portal/style.css", get(portal::style))
        .route("/portal/script/{name}", get(portal::script))
        .route("/figures", get(portal::list_figures))
        .route("/figures/{region}", get(portal::show_figures))
        .route("/figures/{region}/data.csv", get(portal::download_figures))
        .route("/risk", get(portal::risk))
        .route("/travel", get(portal::travel))
        .route("/services", get(portal::list_services))
        .route("/services/{id}", get(portal::show_service))
        .route("/comments/{article}", get(portal::list_comments).post(portal::send_comment))
        .route("/comments/{article}/{id}/report", post(portal::report_comment))
        .route("/desk", get(portal::show_desk))
        .route("/desk/code", post(portal::ask_desk_code))
        .route("/desk/enter", get(portal::show_desk_code).post(portal::enter_desk))
        .route("/desk/leave", post(portal::leave_desk))
        .route("/desk/document", post(portal::give_document))
        .route("/desk/{act}", get(portal::show_desk_form).post(portal::send_desk_form))
        .route("/takedown", get(portal::new_takedown).post(portal::send_takedown))
        .route("/takedowns", get(portal::list_takedowns))
        .route("/preferences", get(portal::preferences::choose))
        .route("/search", get(portal::search::search))
        .route("/tags/", get(portal::lists::tags))
        .route("/tags/{tag}/", get(portal::lists::tag))
        .route("/archive/", get(portal::lists::archive))
        .route("/archive/{year}/{month}/", get(portal::lists::month))
        .route("/files/{name}", get(portal::files::file))
        .route("/feed.atom", get(portal::feeds::feed))
        .route("/feed.rss", get(portal::feeds::feed))
        .route("/feed.json", get(portal::feeds::feed))
        .route("/feeds/{name}", get(portal::feeds::channel_feed))
        .route("/sitemap.xml", get(portal::feeds::sitemap_index))
        .route("/sitemap-{part}", get(portal::feeds::sitemap))
        .route("/robots.txt", get(portal::feeds::robots))
        .route("/console", get(|| async { Redirect::permanent("/console/") }))
        .route("/console/", get(assets::console))
        .route("/console/{*path}", get(assets::console))
        // Whatever editors gave an address to.
        .fallback(portal::any_page)
        .with_state(api_state)
        .layer(header_layer(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header_layer(header::REFERRER_POLICY, "same-origin"))
        .layer(header_layer(header::X_FRAME_OPTIONS, "DENY"))
}

/// The component library of the console sets styles at run time, so styles may be inline; nothing else may.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Sets a header unless the handler did.
fn header_layer(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
