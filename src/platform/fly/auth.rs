//! Chooses the `Authorization` header for each of Fly's three services, which want different ones (docs/platforms/fly.md
//! section 1).

/// The pieces of a token text.
pub(super) struct Tokens {
    macaroons: Vec<String>,
    users: Vec<String>,
}

impl Tokens {
    /// Strips scheme words, splits at commas and tells macaroons from user tokens by their prefix.
    pub(super) fn parse(raw: &str) -> Self {
        let pieces = strip_schemes(raw)
            .split(',')
            .map(|piece| strip_schemes(piece).to_owned())
            .filter(|piece| !piece.is_empty());
        let macaroon = |piece: &String| matches!(piece.split('_').next(), Some("fm1r" | "fm1a" | "fm2"));
        let (macaroons, users) = pieces.partition(macaroon);
        Self { macaroons, users }
    }

    /// Machines API and logs: macaroons if there are any, else user tokens.
    pub(super) fn machines(&self) -> String {
        if self.macaroons.is_empty() {
            format!("Bearer {}", self.users.join(","))
        } else {
            format!("FlyV1 {}", self.macaroons.join(","))
        }
    }

    /// GraphQL: everything, macaroons first.
    pub(super) fn graphql(&self) -> String {
        let scheme = if self.macaroons.is_empty() { "Bearer" } else { "FlyV1" };
        format!("{scheme} {}", self.all())
    }

    /// Release routes: everything under `Bearer`, macaroons too.
    pub(super) fn releases(&self) -> String {
        format!("Bearer {}", self.all())
    }

    fn all(&self) -> String {
        self.macaroons.iter().chain(&self.users).map(String::as_str).collect::<Vec<_>>().join(",")
    }
}

fn strip_schemes(mut text: &str) -> &str {
    loop {
        text = text.trim();
        let Some((word, rest)) = text.split_once(char::is_whitespace) else { return text };
        if !word.eq_ignore_ascii_case("bearer") && !word.eq_ignore_ascii_case("flyv1") {
            return text;
        }
        text = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_gets_its_own_header() {
        let tokens = Tokens::parse("Bearer FlyV1 fm2_abc, user_1 ,fm1r_def");
        assert_eq!(tokens.machines(), "FlyV1 fm2_abc,fm1r_def");
        assert_eq!(tokens.graphql(), "FlyV1 fm2_abc,fm1r_def,user_1");
        assert_eq!(tokens.releases(), "Bearer fm2_abc,fm1r_def,user_1");
    }

    #[test]
    fn a_user_token_is_a_bearer_everywhere() {
        let tokens = Tokens::parse("fo1_secret");
        assert_eq!(tokens.machines(), "Bearer fo1_secret");
        assert_eq!(tokens.graphql(), "Bearer fo1_secret");
    }
}
