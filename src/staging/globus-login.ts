/** Who asks Globus: a user who has logged in (OAuth 2.0 with PKCE, as apps that keep no secret do), or a service with a secret. */

import type { Configuration, ResponseBodyError, TokenEndpointResponse } from "openid-client";
import { HeddleError } from "../errors.ts";
import type { Connections, GlobusSettings } from "./globus-settings.ts";
import { changeTokens, readTokens, type Tokens } from "./globus-tokens.ts";

const SCOPE = "urn:globus:auth:scope:transfer.api.globus.org:all";
const MARGIN_MS = 60_000; // A token is not used in its last minute.
const LOG_IN = "run `heddle login globus`";

/** Options of `heddle login globus`, and the parameters of Globus that they stand for: lists of text. */
export const sessionOptions: Readonly<Record<string, string>> = {
  domain: "session_required_single_domain",
  identity: "session_required_identities",
  policy: "session_required_policies",
};

/** With consent that files of these collections are read and written in the user's name. */
function scopeOf(collections: readonly string[]): string {
  const consents = collections.map((id) => `*https://auth.globus.org/scopes/${id}/data_access`);
  return consents.length === 0 ? SCOPE : `${SCOPE}[${consents.join(" ")}]`;
}

export class GlobusLogin {
  readonly #settings: GlobusSettings;
  readonly #connections: Connections;
  readonly #providers = new Map<string, Promise<Configuration>>();
  /** What a service asks for. */
  readonly #scopes = new Set([SCOPE]);
  #tokens: Tokens | null = null;
  #underWay: Promise<Tokens> | null = null;

  constructor(settings: GlobusSettings, connections: Connections) {
    this.#settings = settings;
    this.#connections = connections;
  }

  /**
   * A token for the Transfer API.
   *
   * @param refused - One that was refused: it, too, is replaced.
   * @throws {@link HeddleError} `ERR_GLOBUS_LOGIN`: nobody has logged in, or it has ended.
   */
  async token(refused: string | null = null): Promise<string> {
    if (this.#tokens === null || !isGood(this.#tokens, refused)) {
      this.#underWay ??= this.#renew(refused).finally(() => {
        this.#underWay = null;
      });
      this.#tokens = await this.#underWay;
    }
    return this.#tokens.access;
  }

  async #renew(refused: string | null): Promise<Tokens> {
    const { clientId, clientSecret, tokens, auth } = this.#settings;
    if (clientSecret !== null) return await this.#serviceTokens();
    const known = await readTokens(tokens, auth);
    if (known === null) throw loginError(`No login at ${auth} is in ${tokens}.`);
    if (clientId !== null && known.clientId !== clientId) {
      const message = `The login in ${tokens} is of the app ${known.clientId}, and HEDDLE_GLOBUS_CLIENT_ID is ${clientId}.`;
      throw loginError(message);
    }
    if (isGood(known, refused)) return known;
    // Another process may have done it meanwhile. A provider may give each refresh token's successor only once.
    const next = await changeTokens(tokens, auth, async (now) => {
      if (now === null || isGood(now, refused)) return now;
      return await this.#refreshed(now);
    });
    if (next === null) throw loginError(`The login at ${auth} has ended.`);
    return next;
  }

  async #refreshed(now: Tokens): Promise<Tokens> {
    if (now.refresh === null) throw loginError(`The login at ${this.#settings.auth} has ended.`);
    const { refreshTokenGrant } = await import("openid-client");
    const provider = await this.#provider(now.clientId);
    const answer = await granted(refreshTokenGrant(provider, now.refresh));
    return tokensOf(now.clientId, answer, now.refresh);
  }

  async #serviceTokens(): Promise<Tokens> {
    const clientId = this.#clientId();
    const scope = [...this.#scopes].join(" ");
    const { clientCredentialsGrant } = await import("openid-client");
    const provider = await this.#provider(clientId);
    return tokensOf(clientId, await granted(clientCredentialsGrant(provider, { scope })), null);
  }

  /** A service consents by asking for scopes; true: new ones, so that another token is worth a try. A user has to log in for it. */
  consents(scopes: readonly string[]): boolean {
    const before = this.#scopes.size;
    if (this.#settings.clientSecret !== null) for (const scope of scopes) this.#scopes.add(scope);
    return this.#scopes.size > before;
  }

  /**
   * Begins a login: `url` is for the user's browser, where a code is shown after it; `finish` takes that code (or the address that shows it).
   * Both throw `ERR_GLOBUS_LOGIN`.
   *
   * @param collections - UUIDs of those that are consented to.
   * @param session - Parameters that ask for certain identities.
   */
  async begin(
    collections: readonly string[],
    session: Readonly<Record<string, string>> = {},
  ): Promise<{ url: string; finish(code: string): Promise<void> }> {
    const oauth = await import("openid-client");
    const { auth, tokens } = this.#settings;
    const clientId = this.#clientId();
    const provider = await this.#provider(clientId);
    const verifier = oauth.randomPKCECodeVerifier();
    const redirect = `${auth}/v2/web/auth-code`;
    const url = oauth.buildAuthorizationUrl(provider, {
      redirect_uri: redirect,
      scope: scopeOf(collections),
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      access_type: "offline", // With a refresh token.
      ...(Object.keys(session).length === 0 ? {} : { ...session, prompt: "login" }),
    });
    const finish = async (code: string): Promise<void> => {
      const back = new URL(redirect);
      back.searchParams.set("code", codeIn(code));
      // The user carries the code, not a redirect that could be of another provider.
      back.searchParams.set("iss", provider.serverMetadata().issuer);
      const answer = await granted(oauth.authorizationCodeGrant(provider, back, { pkceCodeVerifier: verifier }));
      await changeTokens(tokens, auth, async () => tokensOf(clientId, answer, null));
    };
    return { url: url.href, finish };
  }

  /** Forgets the login, and tells the provider, so that copies of it are worth nothing. False: there was none. */
  async end(): Promise<boolean> {
    const { tokens, auth } = this.#settings;
    const known = await readTokens(tokens, auth);
    if (known === null) return false;
    await changeTokens(tokens, auth, async () => null);
    const { tokenRevocation } = await import("openid-client");
    const provider = await this.#provider(known.clientId);
    if (known.refresh !== null) await granted(tokenRevocation(provider, known.refresh));
    await granted(tokenRevocation(provider, known.access));
    return true;
  }

  #clientId(): string {
    const { clientId } = this.#settings;
    if (clientId !== null) return clientId;
    const hint = "register an app once at https://app.globus.org/settings/developers, and set HEDDLE_GLOBUS_CLIENT_ID";
    throw new HeddleError("ERR_GLOBUS_LOGIN", "Globus wants to know which app asks.", hint);
  }

  /** Where its services are, as it says itself. */
  #provider(clientId: string): Promise<Configuration> {
    const known = this.#providers.get(clientId) ?? this.#discover(clientId);
    this.#providers.set(clientId, known);
    known.catch(() => this.#providers.delete(clientId));
    return known;
  }

  async #discover(clientId: string): Promise<Configuration> {
    const { ClientSecretBasic, None, customFetch, discovery } = await import("openid-client");
    const { auth, clientSecret } = this.#settings;
    const proof = clientSecret === null ? None() : ClientSecretBasic(clientSecret);
    return await discovery(new URL(auth), clientId, {}, proof, { [customFetch]: this.#connections.fetch });
  }
}

function isGood(tokens: Tokens, refused: string | null): boolean {
  return tokens.access !== refused && tokens.ends > Date.now() + MARGIN_MS;
}

function tokensOf(clientId: string, answer: TokenEndpointResponse, refresh: string | null): Tokens {
  const seconds = answer.expires_in ?? 0;
  const ends = Date.now() + seconds * 1_000;
  return { clientId, access: answer.access_token, refresh: answer.refresh_token ?? refresh, ends };
}

/** What was pasted is the code, or an address with it. */
function codeIn(pasted: string): string {
  const text = pasted.trim();
  return (URL.canParse(text) && new URL(text).searchParams.get("code")) || text;
}

/** A refusal is one of the login; other errors may be better next time. */
async function granted<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    const why = refusalOf(error);
    if (why === null) throw error;
    throw loginError(`Globus does not accept the login: ${why}.`, error);
  }
}

/** Null: it is none. */
function refusalOf(error: unknown): string | null {
  const { error: code, error_description: description, status } = error as Partial<ResponseBodyError>;
  if (code !== undefined) return description === undefined ? code : `${code}, ${description}`;
  return status === 401 ? "the app is not known, or its secret is another" : null;
}

function loginError(message: string, cause?: unknown): HeddleError {
  return new HeddleError("ERR_GLOBUS_LOGIN", message, LOG_IN, cause === undefined ? {} : { cause });
}
