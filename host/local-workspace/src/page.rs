//! The workspace's own page: what is in it, to look at. It asks the API as whoever looks and shows what that answers, so
//! nobody sees here what they could not see there, and nothing can be changed.

mod html;
mod routes;
mod session;

pub(crate) use self::routes::routes;
