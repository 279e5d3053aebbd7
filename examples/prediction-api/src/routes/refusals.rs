//! What operations have in common in the API's description: how they refuse.

use utoipa::IntoResponses;

use crate::error::Told;

/// Of an operation for anybody who has a token.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "a part of the description; `ApiError` answers")]
pub(crate) enum ForUsers {
    /// There is no valid token.
    #[response(status = 401)]
    NoToken(Told),
    /// The token's user does not exist.
    #[response(status = 404)]
    NoUser(Told),
    /// Too many requests.
    #[response(status = 429)]
    TooMany(Told),
}

/// What an operation for administrators has beside those of [`ForUsers`].
#[derive(IntoResponses)]
#[expect(dead_code, reason = "a part of the description; `ApiError` answers")]
pub(crate) enum ForAdmins {
    /// The role does not allow it.
    #[response(status = 403)]
    OtherRole(Told),
}

/// Of a prediction.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "a part of the description; `ApiError` answers")]
pub(crate) enum ForUploads {
    /// The form has no file, or an empty one.
    #[response(status = 400)]
    NoFile(Told),
    /// The image is too large.
    #[response(status = 413)]
    TooLarge(Told),
    /// The file is no image that can be read.
    #[response(status = 422)]
    NoImage(Told),
}
