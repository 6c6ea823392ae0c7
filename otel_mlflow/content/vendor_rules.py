"""Tokens of vendors, known by their shape: a table of rules.

A rule names a mark that every such token has, a pattern, and how many characters of the token may stand before the
mark. Texts are searched for the marks alone, and the pattern is tried where one is; so a rule more costs little.
A token has letters and digits; what has the shape and is only words (`sk-learn-is-a-typo`) is none.

To add a vendor: one line here, one line in tests/unit/content/corpus/hide.jsonl.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_W = "[0-9A-Za-z_-]"
_A = "[0-9A-Za-z]"
_BEFORE = r"(?:(?<![0-9A-Za-z_+-])|(?<=\\[nrt])|(?<=%3[ADad])|(?<=%2[02Ff]))"


def has_digit(token: str) -> bool:
    """Say whether a token is more than words."""
    return any(map(str.isdigit, token))


def has_mix(token: str) -> bool:
    """Say whether a token has letters and digits, or both cases in a run that no word has."""
    body = token.rpartition("_")[2] or token
    return has_digit(token) or (body != body.lower() and body != body.upper() and len(body) >= 20)


def has_many_kinds(token: str) -> bool:
    """Say whether a token has enough different characters to be random: no `sk-aaaaaaaaaaaaaaaa1`."""
    return has_digit(token) and len(set(token)) >= 8


class Rule(NamedTuple):
    """The shape of one kind of token: `head`, at most `before` characters long, then `mark`, then the rest."""

    vendor: str
    mark: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool]
    before: int
    head: re.Pattern[str]

    def begin(self, text: str, place: int) -> int | None:
        """Find where the token begins whose mark is at a place."""
        start = max(place - self.before - _CONTEXT, 0)
        found = self.head.search(text[start:place])
        return start + found.start() if found else None


_CONTEXT = 4
"""Characters before a token that say whether it begins there."""


def _rule(
    vendor: str, mark: str, rest: str, check: Callable[[str], bool] = has_mix, *, before: int = 0, head: str = ""
) -> Rule:
    begins_here = "" if before or not re.match(r"\w", mark) else _BEFORE
    pattern = re.compile(f"{begins_here}{re.escape(mark)}{rest}", re.ASCII)
    return Rule(vendor, mark, pattern, check, before, re.compile(f"{_BEFORE if before else ''}{head}\\Z", re.ASCII))


def _always(_: str) -> bool:
    return True


RULES: tuple[Rule, ...] = (
    _rule("Databricks personal access token", "dapi", rf"{_A}{{16,}}(?:-\d+)?", has_digit),
    _rule("Databricks service principal", "dose", r"[0-9a-f]{32}"),
    _rule("Databricks other tokens", "dkea", r"[0-9a-f]{32}"),
    _rule("Databricks SQL token", "dsapi", r"[0-9a-f]{32}"),
    _rule("JSON Web Token", "eyJ", rf"{_W}{{8,}}(?:\.{_W}{{8,}}(?:\.{_W}*){{0,3}}|\.(?:\.{_W}{{8,}}){{3}})", _always),
    _rule("PASETO", ".local.", rf"{_W}{{30,}}(?:\.{_W}+)?", has_digit, before=2, head=r"v[1-4]"),
    _rule("PASETO", ".public.", rf"{_W}{{30,}}(?:\.{_W}+)?", has_digit, before=2, head=r"v[1-4]"),
    _rule("CAS", "ST-", r"\d+-[\w.-]{16,}", has_many_kinds),
    _rule("CAS", "TGT-", r"\d+-[\w.-]{16,}", has_many_kinds),
    _rule("AWS access key", "AKIA", r"[0-9A-Z]{16}(?![0-9A-Za-z])", _always),
    _rule("AWS temporary key", "ASIA", r"[0-9A-Z]{16}(?![0-9A-Za-z])", _always),
    _rule("AWS bearer", "ABIA", r"[0-9A-Z]{16}(?![0-9A-Za-z])", has_digit),
    _rule("AWS context", "ACCA", r"[0-9A-Z]{16}(?![0-9A-Za-z])", has_digit),
    _rule("AWS Bedrock API key", "ABSK", r"[0-9A-Za-z+/]{80,}={0,2}"),
    _rule("AWS MWS", "amzn.mws.", r"[0-9a-f-]{36}"),
    _rule("AWS Cognito", "amzn1.oa2-cs.v1.", r"[0-9a-f]{32,}"),
    _rule("Google API key", "AIza", rf"{_W}{{30,}}", _always),
    _rule("Google API key, bound to an account", "AQ.Ab8", rf"{_W}{{30,}}", _always),
    _rule("Google Calendar, private address", "/private-", r"[0-9a-f]{32}", _always),
    _rule("Google OAuth access token", "ya29.", rf"{_W}{{16,}}", _always),
    _rule("Google OAuth client secret", "GOCSPX-", rf"{_W}{{20,}}", _always),
    _rule("Google OAuth refresh token", "1//0", rf"{_W}{{20,}}", has_digit),
    _rule("Google OAuth code", "4/0", rf"{_W}{{30,}}", has_digit),
    _rule("Azure AD client secret", "Q~", r"[\w.~-]{30,40}", has_digit, before=4, head=r"[\w.~-]{3}\d"),
    _rule("Azure DevOps", "AZDO", rf"{_A}{{4,}}"),
    _rule("Azure storage and others", "AAAA", rf"{_A}{{10,}}[A-Za-z0-9+/]{{20,}}AC{_A}{{4}}"),
    _rule("OpenAI, Anthropic, DeepSeek and others", "sk-", rf"{_W}{{16,}}", has_many_kinds),
    _rule("OpenAI session", "sess-", rf"{_A}{{32,}}", has_many_kinds),
    _rule("ElevenLabs", "sk_", r"[0-9a-f]{40,}"),
    _rule("Langfuse public", "pk-lf-", r"[0-9a-f-]{36}"),
    _rule("Groq", "gsk_", rf"{_A}{{20,}}"),
    _rule("xAI", "xai-", rf"{_A}{{20,}}"),
    _rule("Perplexity", "pplx-", rf"{_A}{{20,}}"),
    _rule("LangSmith", "lsv2_", r"(?:pt|sk)_[0-9a-f]{20,}(?:_[0-9a-f]+)?"),
    _rule("LangSmith", "ls__", rf"{_A}{{20,}}"),
    _rule("Hugging Face", "hf_", rf"{_A}{{20,}}"),
    _rule("Hugging Face organisation", "api_org_", rf"{_A}{{20,}}"),
    _rule("Replicate", "r8_", rf"{_A}{{20,}}"),
    _rule("Fireworks", "fw_", rf"{_A}{{20,}}"),
    _rule("Tavily", "tvly-", rf"{_W}{{16,}}", has_digit),
    _rule("Pinecone", "pcsk_", r"\w{20,}"),
    _rule("NVIDIA", "nvapi-", rf"{_W}{{20,}}"),
    _rule("Anyscale", "esecret_", r"[0-9a-z]{20,}"),
    _rule("Apify", "apify_api_", rf"{_A}{{30,}}"),
    _rule("Portainer", "ptr_", r"[0-9A-Za-z+/]{40,}={0,2}", has_many_kinds),
    _rule("OpenWeather", "appid=", r"[0-9a-f]{32}", _always),
    _rule("Twitch stream key", "live_", rf"\d{{6,}}_{_A}{{20,}}", _always),
    _rule("Jina", "jina_", rf"{_W}{{20,}}"),
    _rule("Voyage", "pa-", rf"{_W}{{30,}}", has_many_kinds),
    _rule("Cerebras", "csk-", rf"{_A}{{20,}}"),
    _rule("Firecrawl", "fc-", r"[0-9a-f]{32}"),
    _rule("E2B", "e2b_", r"[0-9a-f]{20,}"),
    _rule("Exa, Composio and others", "ak_", rf"{_A}{{24,}}", has_digit),
    _rule("Weights & Biases", "wandb_v1_", rf"{_W}{{20,}}"),
    _rule("Brave", "BSA", rf"{_W}{{24,}}", has_many_kinds),
    _rule("Mem0", "m0-", rf"{_A}{{20,}}", has_many_kinds),
    _rule("GitHub", "ghp_", rf"{_A}{{20,}}", _always),
    _rule("GitHub", "gho_", rf"{_A}{{20,}}", _always),
    _rule("GitHub", "ghu_", rf"{_A}{{20,}}", _always),
    _rule("GitHub", "ghs_", rf"{_A}{{20,}}", _always),
    _rule("GitHub", "ghr_", rf"{_A}{{20,}}", _always),
    _rule("GitHub fine-grained", "github_pat_", r"\w{20,}", _always),
    _rule("GitLab", "glpat-", rf"{_W}{{16,}}(?:\.{_W}+)*", _always),
    _rule("GitLab deploy", "gldt-", rf"{_W}{{16,}}", has_digit),
    _rule("GitLab runner", "glrt-", rf"{_W}{{16,}}", has_digit),
    _rule("GitLab trigger", "glptt-", rf"{_W}{{16,}}", has_digit),
    _rule("GitLab feed", "glft-", rf"{_W}{{16,}}", has_digit),
    _rule("GitLab agent", "glagent-", rf"{_W}{{16,}}", has_digit),
    _rule("GitLab OAuth", "gloas-", rf"{_W}{{16,}}", has_digit),
    _rule("GitLab SCIM", "glsoat-", rf"{_W}{{16,}}", has_digit),
    _rule("GitLab CI job", "glcbt-", rf"{_W}{{16,}}", has_digit),
    _rule("GitLab mail", "glimt-", rf"{_W}{{16,}}", has_digit),
    _rule("GitLab runner registration", "GR1348941", rf"{_W}{{16,}}", _always),
    _rule("Bitbucket", "ATBB", rf"{_A}{{24,}}"),
    _rule("Bitbucket", "ATCTT3xFfG", rf"{_W}{{20,}}={{0,1}}{_A}*", _always),
    _rule("Atlassian", "ATATT3x", rf"{_W}{{20,}}={{0,1}}{_A}*", _always),
    _rule("Slack", "xoxb-", rf"{_W}{{10,}}", has_digit),
    _rule("Slack", "xoxp-", rf"{_W}{{10,}}", has_digit),
    _rule("Slack", "xoxa-", rf"{_W}{{10,}}", has_digit),
    _rule("Slack", "xoxe", rf"[.-]{_W}{{10,}}(?:\.{_W}+)*", has_digit),
    _rule("Slack", "xoxr-", rf"{_W}{{10,}}", has_digit),
    _rule("Slack", "xoxs-", rf"{_W}{{10,}}", has_digit),
    _rule("Slack", "xoxo-", rf"{_W}{{10,}}", has_digit),
    _rule("Slack", "xoxc-", rf"{_W}{{10,}}", has_digit),
    _rule("Slack", "xoxd-", r"[\w%.+/=-]{10,}", has_digit),
    _rule("Slack app", "xapp-", rf"{_W}{{10,}}", has_digit),
    _rule("Slack webhook", "hooks.slack.com/", r"(?:services|workflows|triggers)/[\w/-]{16,}", _always),
    _rule("Discord webhook", "/api/webhooks/", r"\d{15,}/[\w-]{20,}", _always),
    _rule("Discord bot", ".", r"[\w-]{6}\.[\w-]{27,}", has_digit, before=30, head=r"[MNO][\w-]{22,28}"),
    _rule("Teams webhook", "webhook.office.com/webhookb2/", r"[\w@/-]{20,}", _always, before=30, head=r"[\w.-]{0,29}"),
    _rule("Zapier webhook", "hooks.zapier.com/hooks/catch/", r"[\w/]{6,}", _always),
    _rule("Telegram bot", ":AA", rf"{_W}{{30,}}", _always, before=13, head=r"(?:bot)?\d{8,10}"),
    _rule("Stripe", "sk_", rf"(?:live|test)_{_A}{{10,}}", _always),
    _rule("Stripe restricted", "rk_", rf"(?:live|test)_{_A}{{10,}}", _always),
    _rule("Stripe and Svix webhook", "whsec_", r"[0-9A-Za-z+/=]{16,}", _always),
    _rule("Stripe organisation", "sk_org_", r"\w{10,}", has_digit),
    _rule("Square", "sq0", rf"(?:atp|csp|idp)-{_W}{{16,}}", _always),
    _rule("Square and Facebook", "EAA", rf"{_W}{{50,}}", has_many_kinds),
    _rule("PayPal and Braintree", "access_token$", r"(?:production|sandbox)\$\w{10,}\$[0-9a-f]{16,}", _always),
    _rule("Shopify", "shp", r"(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{20,}", _always),
    _rule("Plaid", "access-", r"(?:sandbox|development|production)-[0-9a-f-]{36}", _always),
    _rule("Razorpay", "rzp_", rf"(?:live|test)_{_A}{{10,}}"),
    _rule("Flutterwave", "FLWSECK", rf"[_-]{_W}{{16,}}", has_digit),
    _rule("Adyen", "AQE", r"[\w+/-]{60,}={0,2}", has_many_kinds),
    _rule("Lob, Shippo", "live_", r"[0-9a-f]{30,}"),
    _rule("Shippo", "shippo_", r"(?:live|test)_[0-9a-f]{30,}"),
    _rule("EasyPost", "EZ", rf"[AT]K{_A}{{50,}}", has_many_kinds),
    _rule("Duffel", "duffel_", rf"(?:live|test)_{_W}{{30,}}"),
    _rule("Twilio key", "SK", r"[0-9a-f]{32}(?![0-9A-Za-z])"),
    _rule("Twilio account", "AC", r"[0-9a-f]{32}(?![0-9A-Za-z])"),
    _rule("SendGrid", "SG.", rf"{_W}{{16,}}\.{_W}{{16,}}", _always),
    _rule("Mailgun", "key-", r"[0-9a-z]{32}(?![0-9A-Za-z])", has_many_kinds),
    _rule("Mailchimp", "-us", r"\d{1,2}(?![0-9A-Za-z])", _always, before=32, head=r"[0-9a-f]{32}"),
    _rule("Brevo", "xkeysib-", rf"{_W}{{30,}}", has_digit),
    _rule("Brevo", "xsmtpsib-", rf"{_W}{{30,}}", has_digit),
    _rule("Resend", "re_", rf"{_A}{{6,}}_{_A}{{16,}}", has_many_kinds),
    _rule("MailerSend", "mlsn.", r"[0-9a-f]{40,}"),
    _rule("PyPI", "pypi-", rf"{_W}{{30,}}", has_digit),
    _rule("npm", "npm_", rf"{_A}{{30,}}"),
    _rule("RubyGems", "rubygems_", r"[0-9a-f]{40,}"),
    _rule("crates.io", "cio", rf"{_A}{{32}}(?![0-9A-Za-z])", has_many_kinds),
    _rule("NuGet", "oy2", r"[0-9a-z]{43}"),
    _rule("Clojars", "CLOJARS_", rf"{_A}{{40,}}"),
    _rule("Docker Hub", "dckr_", rf"(?:pat|oat)_{_W}{{20,}}"),
    _rule("Artifactory", "AKCp", rf"{_A}{{20,}}", has_digit),
    _rule("Artifactory", "cmVmdGtuO", rf"{_A}{{30,}}", _always),
    _rule("DigitalOcean", "do", r"[opr]{1,2}_v1_[0-9a-f]{32,}", _always),
    _rule("Heroku", "HRKU-", rf"{_W}{{30,}}", has_digit),
    _rule("Fly.io", "FlyV1 ", r"fm\d_[\w+/=,-]{20,}", _always),
    _rule("Fly.io", "fo1_", rf"{_W}{{30,}}"),
    _rule("Fly.io", "fm2_", r"[\w+/=,-]{30,}"),
    _rule("Render", "rnd_", rf"{_A}{{20,}}"),
    _rule("Netlify", "nf", rf"[pcoub]_{_A}{{30,}}"),
    _rule("Vercel", "vcp_", rf"{_A}{{20,}}"),
    _rule("Vercel", "vercel_blob_rw_", r"\w{20,}", has_digit),
    _rule("Cloudflare", "v1.0-", r"[0-9a-f]{24}-[0-9a-f]{100,}", _always),
    _rule("Cloudflare", "cf", rf"(?:k|ut|at)_{_W}{{30,}}", has_digit),
    _rule("Supabase", "sbp_", r"(?:v0_)?[0-9a-f]{32,}"),
    _rule("Supabase", "sb_secret_", rf"{_W}{{20,}}", has_digit),
    _rule("Neon", "napi_", rf"{_A}{{30,}}"),
    _rule("PlanetScale", "pscale_", r"(?:tkn|pw|oauth)_[\w.-]{20,}", has_digit),
    _rule("MongoDB Atlas", "mdb_sa_sk_", rf"{_W}{{20,}}", has_digit),
    _rule("Snowflake, Vault", "hvs.", rf"{_W}{{20,}}", has_digit),
    _rule("Vault batch", "hvb.", rf"{_W}{{20,}}", has_digit),
    _rule("Vault recovery", "hvr.", rf"{_W}{{20,}}", has_digit),
    _rule("Vault, old", "s.", rf"{_A}{{24}}(?![0-9A-Za-z.])", has_many_kinds),
    _rule("Terraform", ".atlasv1.", r"[\w=-]{40,}", _always, before=14, head=rf"{_A}{{14}}"),
    _rule("Pulumi", "pul-", r"[0-9a-f]{40}"),
    _rule("Doppler", "dp.", rf"(?:pt|st|ct|sa|scim|audit)\.(?:{_W}+\.)?{_A}{{30,}}", _always),
    _rule("1Password", "ops_eyJ", rf"{_W}{{30,}}", _always),
    _rule("1Password", "A3-", r"[0-9A-Z]{6}-[0-9A-Z]{5,11}(?:-[0-9A-Z]{5}){3,4}", _always),
    _rule("age", "AGE-SECRET-KEY-1", r"[0-9A-Z]{20,}", _always),
    _rule("Tailscale", "tskey-", r"[\w-]{16,}", has_digit),
    _rule("ngrok", "ngrok_", rf"{_A}{{30,}}"),
    _rule("Grafana", "glsa_", rf"{_A}{{20,}}_[0-9a-f]{{8}}", _always),
    _rule("Grafana Cloud", "glc_", r"[0-9A-Za-z+/]{30,}={0,2}"),
    _rule("Grafana, old", "eyJrIjoi", r"[0-9A-Za-z+/]{30,}={0,2}", _always),
    _rule("Grafana, legacy API", "grafana_", rf"{_W}{{30,}}", has_digit),
    _rule("New Relic", "NRAK-", r"[0-9A-Z]{20,}", _always),
    _rule("New Relic", "NR", r"(?:AA|II|JS|RA|SP)-[0-9A-Za-z-]{16,}", has_digit),
    _rule("New Relic licence", "FFFFNRAL", r"", _always, before=32, head=r"[0-9a-f]{32}"),
    _rule("Dynatrace", "dt0c01.", r"[0-9A-Z]{24}\.[0-9A-Z]{64}", _always),
    _rule("GitHub Actions, a value to be masked", "::add-mask::", r"\S+", _always),
    _rule("Sentry", "sntrys_", r"[\w+/=-]{30,}", _always),
    _rule("Sentry", "sntry", r"[au]_[0-9a-f]{40,}", _always),
    _rule("PostHog", "phx_", rf"{_W}{{30,}}", has_digit),
    _rule("PostHog project", "phc_", rf"{_W}{{30,}}", has_digit),
    _rule("Datadog", "ddapp_", rf"{_A}{{20,}}"),
    _rule("Datadog", "ddp_", rf"{_A}{{30,}}"),
    _rule("Honeycomb", "hc", r"[a-z]{2,3}_[0-9a-z]{50,}"),
    _rule("Logfire", "pylf_v1_", rf"[a-z]{{2}}_{_A}{{20,}}"),
    _rule("Axiom", "xa", r"[ap]t-[0-9a-f-]{36}"),
    _rule("Sourcegraph", "sgp_", r"(?:local_|[0-9a-f]{16}_)?[0-9a-f]{40}"),
    _rule("Snyk", "snyk_uat.", r"[\w.-]{20,}", has_digit),
    _rule("Snyk", "snyk_sat.", r"[\w.-]{20,}", has_digit),
    _rule("SonarQube", "sq", r"[apu]_[0-9a-f]{40}"),
    _rule("Codecov and CircleCI", "CCIPAT_", r"\w{20,}", has_digit),
    _rule("Buildkite", "bkua_", r"[0-9a-f]{40}"),
    _rule("Harness", "pat.", rf"{_W}{{16,}}\.[0-9a-f]{{24}}\.{_A}{{20}}", _always),
    _rule("Octopus", "API-", r"[0-9A-Z]{26,}", has_many_kinds),
    _rule("Postman", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}", _always),
    _rule("ReadMe", "rdme_", r"[0-9a-z]{70}"),
    _rule("Prefect", "pnu_", rf"{_A}{{30,}}"),
    _rule("Prefect", "pnb_", rf"{_A}{{30,}}"),
    _rule("Infracost", "ico-", rf"{_A}{{32}}", has_many_kinds),
    _rule("Scalingo", "tk-us-", rf"{_W}{{40,}}", has_digit),
    _rule("Linear", "lin_", rf"(?:api|oauth)_{_A}{{20,}}"),
    _rule("Notion", "ntn_", rf"{_A}{{30,}}"),
    _rule("Notion, old", "secret_", rf"{_A}{{32,}}"),
    _rule("Figma", "figd_", rf"{_W}{{20,}}", has_digit),
    _rule("Figma", "figo", rf"[rhu]?_{_W}{{20,}}", has_digit),
    _rule("Airtable", "pat", rf"{_A}{{14}}\.[0-9a-f]{{64}}", _always),
    _rule("ClickUp", "pk_", rf"\d{{5,}}_{_A}{{32}}"),
    _rule("Typeform", "tfp_", r"[\w.-]{30,}", has_digit),
    _rule("Contentful", "CFPAT-", rf"{_W}{{30,}}", has_digit),
    _rule("HubSpot", "pat-", r"(?:na|eu)\d-[0-9a-f-]{36}", _always),
    _rule("Intercom", "dG9rO", r"[\w+/-]{30,}={0,2}", _always),
    _rule("Dropbox", "sl.", r"[\w-]{60,}", has_many_kinds),
    _rule("Twitter", "AAAAAAAAAAAAAAAAAAAAA", r"[0-9A-Za-z%]{30,}", _always),
    _rule("Firebase messaging", ":APA91b", rf"{_W}{{60,}}", _always, before=30, head=rf"{_W}{{6,30}}"),
    _rule("Mapbox secret", "sk.eyJ", r"[\w-]{20,}\.[\w-]{16,}", _always),
    _rule("Adafruit", "aio_", rf"{_A}{{28}}(?![0-9A-Za-z])", has_digit),
    _rule("Algolia and others", "alg_", rf"{_A}{{20,}}", has_digit),
    _rule("Yandex", "AQVN", rf"{_W}{{30,}}", _always),
    _rule("Yandex", "y0_", rf"{_W}{{40,}}", has_digit),
    _rule("Yandex IAM", "t1.", rf"{_W}{{30,}}[=.]{_W}*", has_digit),
    _rule("Alibaba", "LTAI", rf"{_A}{{12,24}}(?![0-9A-Za-z])", has_digit),
    _rule("Tencent", "AKID", rf"{_A}{{28,32}}(?![0-9A-Za-z])", has_digit),
    _rule("Shodan, Okta and others", "SSWS ", rf"{_W}{{20,}}", _always),
    _rule("Okta", "00", rf"{_W}{{40}}(?![\w-])", has_many_kinds),
    _rule("LaunchDarkly", "sdk-", r"[0-9a-f]{8}-[0-9a-f-]{27}", _always),
    _rule("LaunchDarkly", "api-", r"[0-9a-f]{8}-[0-9a-f-]{27}", _always),
    _rule("Statsig", "secret-", rf"{_A}{{30,}}"),
    _rule("Frame.io", "fio-u-", rf"{_W}{{30,}}", has_digit),
    _rule("Intra42", "s-s4t2", r"(?:ud|af)-[0-9a-f]{64}", _always),
    _rule("Beamer", "b_", r"[0-9a-z=_-]{44}(?![\w-])", has_many_kinds),
    _rule("Mux, Kong and others", "kpat_", rf"{_A}{{30,}}"),
    _rule("OpenShift", "sha256~", rf"{_W}{{40,}}", _always),
    _rule("Kubernetes bootstrap and Rancher", "token-", rf"[0-9a-z]{{5}}:{_A}{{40,}}", _always),
    _rule("Settlemint", "sm_", rf"(?:pat|aat|sat)_{_A}{{16}}"),
    _rule("Microsoft Teams and Power Automate", "sig=", r"[\w%+/-]{30,}={0,2}", has_digit),
    _rule("WireGuard and others in crypt(3)", "$2", r"[abxy]\$\d\d\$[./0-9A-Za-z]{53}", _always),
    _rule("crypt(3)", "$1$", r"[./0-9A-Za-z]{1,8}\$[./0-9A-Za-z]{22}", _always),
    _rule("crypt(3)", "$6$", r"(?:rounds=\d{1,9}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{40,}", _always),
    _rule("crypt(3)", "$5$", r"(?:rounds=\d{1,9}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{40,}", _always),
    _rule("crypt(3)", "$apr1$", r"[./0-9A-Za-z]{1,8}\$[./0-9A-Za-z]{20,}", _always),
    _rule("argon2", "$argon2", r"[a-z]{0,2}\$v=\d+\$[\w=,$+/]{20,}", _always),
)
