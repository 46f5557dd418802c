//! The two ends of a login: where a browser is sent, and what the code proves with which it comes back.

use std::sync::Arc;

use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EmptyAdditionalClaims, EndpointMaybeSet, EndpointNotSet, EndpointSet, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadataWithLogout,
    RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, SubjectIdentifier,
    TokenResponse,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm,
    },
};
use parvaneh_store::Proved;

use super::{Begun, Failed, Oidc, provider::said};

/// By what tokens may be signed: by a key of which we know only the public half.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 8] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];

type OurClient = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What a login has proved so far.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// The provider's name of him.
    pub(crate) subject: String,
    /// His address, if a token said that it is verified.
    email: Option<String>,
    nonce_hash: parvaneh_store::SecretHash,
    client: OurClient,
    access: AccessToken,
}

impl Oidc {
    /// Where a browser is sent to begin a login that returns to `redirect`.
    pub(crate) async fn begin(&self, begun: &Begun, redirect: &str) -> Result<String, Failed> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata, redirect)?;
        let verifier = PkceCodeVerifier::new(begun.verifier());
        let (state, nonce) = (CsrfToken::new(begun.state()), Nonce::new(begun.nonce()));
        let mut asked = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for scope in &self.settings().scopes {
            asked = asked.add_scope(Scope::new(scope.clone()));
        }
        Ok(asked.url().0.into())
    }

    /// Gives the code back to the provider, and sees what the token that it gives for it proves:
    /// that its signature is the provider's, and that it was made by this issuer, for us, for this
    /// login, and has not expired (OpenID Connect Core, 3.1.3.7).
    pub(crate) async fn arrive(
        &self,
        begun: &Begun,
        code: String,
        redirect: &str,
    ) -> Result<Arrived, Failed> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata, redirect)?;
        let unset = |error: openidconnect::ConfigurationError| Failed::Unavailable(said(&error));
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(unset)?
            .set_pkce_verifier(PkceCodeVerifier::new(begun.verifier()))
            .request_async(&self.http())
            .await
            .map_err(|error| match &error {
                RequestTokenError::ServerResponse(said) => match said.error() {
                    // Not the person is refused, but we are.
                    CoreErrorResponseType::InvalidClient
                    | CoreErrorResponseType::UnauthorizedClient => {
                        Failed::Unavailable(format!("it does not know us: {}", said.error()))
                    }
                    code => Failed::Refused(code.to_string()),
                },
                _ => Failed::Unavailable(said(&error)),
            })?;
        let unproven = |why: &str| Failed::Unproven(why.to_owned());
        let token = tokens.id_token().ok_or_else(|| unproven("no ID token"))?;
        let (client, claims) = self.verified(token, begun, client, redirect).await?;
        if let Some(expected) = claims.access_token_hash() {
            let verifier = client.id_token_verifier();
            let algorithm = token.signing_alg().map_err(|error| unproven(&said(&error)))?;
            let key = token.signing_key(&verifier).map_err(|error| unproven(&said(&error)))?;
            let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
                .map_err(|error| unproven(&said(&error)))?;
            if actual != *expected {
                return Err(unproven("the access token is not the one of the ID token"));
            }
        }
        let verified = claims.email_verified() == Some(true);
        let email = claims.email().filter(|_| verified).map(|email| email.to_string());
        Ok(Arrived {
            subject: claims.subject().to_string(),
            email,
            nonce_hash: begun.nonce_hash(),
            access: tokens.access_token().clone(),
            client,
        })
    }

    /// The claims of a token that holds. A key that is not known may be a new one.
    async fn verified(
        &self,
        token: &CoreIdToken,
        begun: &Begun,
        client: OurClient,
        redirect: &str,
    ) -> Result<(OurClient, CoreIdTokenClaims), Failed> {
        match claims(token, begun, &client) {
            Ok(claims) => Ok((client, claims)),
            Err(NotHeld { key_unknown: true, .. }) => {
                let metadata = self.metadata_anew().await?;
                let client = self.client(&metadata, redirect)?;
                match claims(token, begun, &client) {
                    Ok(claims) => Ok((client, claims)),
                    Err(not) => Err(Failed::Unproven(not.why)),
                }
            }
            Err(not) => Err(Failed::Unproven(not.why)),
        }
    }

    /// What is asked of the store, and, for somebody whose subject is not linked, his address from
    /// where the provider tells it when it is not in the token (OpenID Connect Core, 5.3).
    pub(crate) async fn proved(&self, arrived: Arrived, linked: bool) -> Result<Proved, Failed> {
        let Arrived { subject, mut email, nonce_hash, client, access } = arrived;
        if !linked && email.is_none() {
            email = self.asked_address(&client, access, &subject).await?;
        }
        Ok(Proved { issuer: self.settings().issuer.clone(), subject, email, nonce_hash })
    }

    async fn asked_address(
        &self,
        client: &OurClient,
        access: AccessToken,
        subject: &str,
    ) -> Result<Option<String>, Failed> {
        let subject = SubjectIdentifier::new(subject.to_owned());
        // A provider need not have such a place.
        let Ok(request) = client.user_info(access, Some(subject)) else { return Ok(None) };
        let told: openidconnect::UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim> =
            request.request_async(&self.http()).await.map_err(|error| match error {
                openidconnect::UserInfoError::ClaimsVerification(error) => {
                    Failed::Unproven(said(&error))
                }
                error => Failed::Unavailable(said(&error)),
            })?;
        let verified = told.email_verified() == Some(true);
        Ok(told.email().filter(|_| verified).map(|email| email.to_string()))
    }

    fn client(
        &self,
        metadata: &Arc<ProviderMetadataWithLogout>,
        redirect: &str,
    ) -> Result<OurClient, Failed> {
        let settings = self.settings();
        let redirect = RedirectUrl::new(redirect.to_owned())
            .map_err(|error| Failed::Unavailable(error.to_string()))?;
        let client = CoreClient::from_provider_metadata(
            ProviderMetadataWithLogout::clone(metadata),
            ClientId::new(settings.client_id.clone()),
            settings.client_secret.clone().map(ClientSecret::new),
        )
        .set_redirect_uri(redirect);
        // By header, as every provider must take it, unless this one says that it does not.
        let ways = metadata.token_endpoint_auth_methods_supported();
        let by_body = ways.is_some_and(|ways| {
            ways.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !ways.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        Ok(match by_body {
            true => client.set_auth_type(openidconnect::AuthType::RequestBody),
            false => client,
        })
    }
}

struct NotHeld {
    why: String,
    key_unknown: bool,
}

fn claims(
    token: &CoreIdToken,
    begun: &Begun,
    client: &OurClient,
) -> Result<CoreIdTokenClaims, NotHeld> {
    use openidconnect::ClaimsVerificationError as E;
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
    token.claims(&verifier, &Nonce::new(begun.nonce())).cloned().map_err(|error| {
        let key_unknown =
            matches!(&error, E::SignatureVerification(SignatureVerificationError::NoMatchingKey));
        // Which check failed, but not what the token holds.
        let why = match &error {
            E::Expired(_) => "it has expired",
            E::InvalidAudience(_) => "it was made for somebody else",
            E::InvalidIssuer(_) => "another issuer made it",
            E::InvalidNonce(_) => "it belongs to another login",
            E::SignatureVerification(_) => "its signature is not the provider's",
            _ => "its claims",
        };
        NotHeld { why: why.to_owned(), key_unknown }
    })
}
