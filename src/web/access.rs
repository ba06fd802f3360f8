//! Who may do what: every route is added here with what it needs, and there is
//! no other way to add one. What is not in the table does not exist.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{MethodFilter, MethodRouter, on},
};
use http::{Method, header};

use super::{Web, error::Refusal, session};
use crate::account::{Role, Scope};

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: the login page, its assets, health.
    Open,
    /// A session of at least this role.
    Role(Role),
    /// The same, and the password typed again within the last minutes: what deletes, sends away or lets in.
    StepUp(Role),
    /// A token with this scope, in `Authorization: Bearer`; no cookie opens it.
    Token(Scope),
}

/// One route, as tests walk through them.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for its parts.
    pub path: &'static str,
    /// What it needs.
    pub access: Access,
}

/// The routes while they are collected.
pub struct Routes {
    web: Arc<Web>,
    router: Router<Arc<Web>>,
    table: Vec<Route>,
}

impl Routes {
    /// None yet.
    pub fn new(web: Arc<Web>) -> Self {
        Self {
            web,
            router: Router::new(),
            table: Vec::new(),
        }
    }

    /// Adds a page or a document.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: axum::handler::Handler<T, Arc<Web>>,
        T: 'static,
    {
        self.add(Method::GET, path, access, on(MethodFilter::GET, handler))
    }

    /// Adds something that is done.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: axum::handler::Handler<T, Arc<Web>>,
        T: 'static,
    {
        self.add(Method::POST, path, access, on(MethodFilter::POST, handler))
    }

    /// Adds a handler of one method.
    #[must_use]
    pub fn add(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        handler: MethodRouter<Arc<Web>>,
    ) -> Self {
        let guarded = handler.layer(middleware::from_fn_with_state(
            Gate {
                web: Arc::clone(&self.web),
                access,
            },
            admit,
        ));
        self.router = self.router.route(path, guarded);
        self.table.push(Route {
            method,
            path,
            access,
        });
        self
    }

    /// The router, and the table of what it holds.
    pub fn finish(self) -> (Router<Arc<Web>>, Vec<Route>) {
        (self.router, self.table)
    }
}

/// What stands before one route.
#[derive(Clone)]
struct Gate {
    web: Arc<Web>,
    access: Access,
}

/// Lets a request through that has what its route needs.
async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Gate { web, access } = gate;
    let refusal = match access {
        Access::Token(scope) => match bearer(&request) {
            None => Some(Refusal::NoToken),
            Some(token) => match web.accounts.token(&token).await {
                Err(error) => Some(Refusal::from(error)),
                Ok(None) => Some(Refusal::NoToken),
                Ok(Some(token)) if !token.may(scope) => Some(Refusal::Scope(scope)),
                Ok(Some(token)) => {
                    request.extensions_mut().insert(Arc::new(token));
                    None
                }
            },
        },
        Access::Open | Access::Role(_) | Access::StepUp(_) => {
            let token = session::token(&web, request.headers());
            match session::of(&web, token).await {
                Err(error) => Some(Refusal::from(error)),
                Ok(session) => {
                    let refusal = needs(access, session.as_ref());
                    if let Some(session) = session {
                        request.extensions_mut().insert(Arc::new(session));
                    }
                    refusal
                }
            }
        }
    };
    match refusal {
        None => next.run(request).await,
        Some(refusal) => refusal.answer(&web, &request),
    }
}

fn needs(access: Access, session: Option<&crate::account::Session>) -> Option<Refusal> {
    let (role, step_up) = match access {
        Access::Role(role) => (role, false),
        Access::StepUp(role) => (role, true),
        Access::Open | Access::Token(_) => return None,
    };
    match session {
        None => Some(Refusal::LogIn),
        Some(session) if session.role < role => Some(Refusal::Role(role)),
        Some(session) if step_up && !session.stepped_up => Some(Refusal::StepUp),
        Some(_) => None,
    }
}

/// The token of an `Authorization` header; in a URL or a cookie it is not looked for.
fn bearer(request: &Request) -> Option<String> {
    let value = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}
