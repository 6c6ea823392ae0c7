"""The words by which names of secrets are known: `tracing.redact_keys: [default]`. Data only; `names.py` has the rules.

Latin words are written without accents, as names are before they are compared.
"""

# ruff: noqa: RUF001, names in Cyrillic and in other scripts are what this file is about
from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PASSWORDS = _words(
    """
    password passwords passwd passphrase passcode passwort kennwort contrasena contrasenha motdepasse mdp senha
    wachtwoord adgangskode kodeord passord losenord salasana haslo hasło heslo jelszo lozinka zaporka geslo parola
    sifre şifre slaptazodis parool matkhau katasandi sandi userpass dbpass dbpw mypass rootpass
    adminpass smtppass mailpass ftppass sqlpass mysqlpass redispass
    adgangskoden kodeordet passordet losenordet lykilord lykilordid lozinku slaptazodi slaptazodzio paroli parole
    contrasenya contrasinal pasahitza nenosiri fjalekalim fjalekalimi wagwoord cyfrinair pasvorto sandinya sandiku
    sandimu katasandinya лозинка лозинку паролата құпиясөз
    пароль парола пароля паролем паролю пароли parolam parolasi sifrem sifresi sifreniz sifren jelszavam jelszava
    salasanani hasla haslem hesla συνθηματικο συνθηματικός
    """
)
"""Whatever stands under such a name is hidden, numbers included; as part of a longer word too (`dbpassword`)."""

SCRIPTS_WITHOUT_SPACES = _words(
    """
    パスワード 暗証番号 合言葉 密码 密碼 口令 密钥 密鑰 秘钥 令牌 秘密鍵 トークン 비밀번호 암호 토큰
    비번 인증번호 인증코드 验证码 驗證碼 認証コード 確認コード รหัสผ่าน
    گذرواژه পাসওয়ার্ড கடவுச்சொல்
    პაროლი գաղտնաբառ
    סיסמה סיסמא كلمةالمرور كلمةالسر पासवर्ड कूटशब्द
    """
)
"""Names in scripts in which no word ends visibly: found anywhere in a name."""

COMPOUNDS = _words("userpass dbpass dbpw mypass rootpass")
"""Names of passwords that people also take as passwords."""

BESIDE_LABELS = _words("your my new old current confirm repeat enter the ihr dein neues altes votre tu su nueva nova")
"""What stands beside the name of a secret in a form's label."""

SINGLE = _words(
    """
    secret secrets credential credentials creds authorization apikey apikeys accesskey secretkey privatekey
    accountkey authkey accesstoken authtoken refreshtoken clientsecret pass pwd pw pswd pwrd psw
    authtok setcookie jsessionid phpsessid sessid aspsessionid samlresponse samlrequest seedphrase
    keystorepass storepass keypass passin passout sshpass pgpassword mysqlpwd geheim geheimnis segredo segreto
    secreto
    секрет токен токены zugangscode zugangsdaten masterkey encryptionkey signingkey sharedaccesskey
    sharedsecret webhooksecret
    clientassertion codeverifier psk presharedkey requirepass masterauth userpwd pwdhash bindpw rootpw privkey appkey
    apitoken apisecret kubeconfig sslkey tlskey κωδικος κωδικο
    """
)
"""Whatever stands under such a name is hidden, where nothing else follows in it but a word of `NEUTRAL`."""

CODES = _words(
    "pin puk otp totp dsn cvv cvv2 cvc cvc2 csc ssn mfa nip tan passkey cookie bearer mnemonic "
    "bestatigungscode verifizierungscode einmalcode sicherheitscode geheimzahl mfacode otpcode"
)
"""What stands under such a name is hidden if it is more than plain words: short numbers too."""

OPAQUE = _words(
    """
    token tokens cookies auth jwt jws jwe sig signature hmac sid assertion clave chave llave schlussel sessionkey
    keymaterial otpauth jeton klucz bearertoken xauth csrf xsrf csrfmiddlewaretoken ключ apitokens sas sessionid
    salt pepper pat crumb tempauth ott tok wif パス
    """
)
"""What stands under such a name is hidden if it looks like a credential; it may well be a word or a count."""

PHRASES = tuple(
    tuple(phrase.split())
    for phrase in """
    mot de passe|mot passe|palavra passe|palavra chave de acesso|palabra de paso|parola ordine|parola d ordine
    kata sandinya|kata sandiku|kata sandimu|kata laluan|нууц үг|الرمز السري|پاس ورڈ
    mat khau|kata sandi|kata kunci|clave secreta|clave privada|clave acceso|clave de acceso|clave api|chave api
    cle api|cle secrete|cle privee|cle d api|api schlussel|zugangs code|geheimer schlussel|privater schlussel
    pass word|pass phrase|pass code|pass wd|user pass|db pass|root pass|admin pass|ssh pass|ftp pass|smtp pass
    basic auth password|connection string|connection uri|database url|conn str|connstr|client assertion
    code verifier|saml response|saml assertion|recovery code|recovery codes|backup code|backup codes|scratch codes
    seed phrase|recovery phrase|mnemonic phrase|security answer|secret answer|aws secret|client secret|app secret
    consumer secret|shared secret|session cookie|set cookie|service account json|sasl jaas config|access key id
    aws access key|x session|one time token|fernet key|secret key base|session secret|key material
    jsession id|php sess id|asp net session id|connect sid|session sid|amz signature|goog signature|hub signature
    amz credential|goog credential|amz security token|webhook url secret|slack webhook|webhook signature
    private key|signed url signature|magic link|auth header|auth cookie|auth data|dockerconfigjson|docker config json
    oob code|oauth verifier|id token hint|logout token|software statement|subject token|actor token|recaptcha response
    hcaptcha response|turnstile response|captcha response|sonar login|dsonar login|pre shared key|رمز عبور|رمز العبور
    authentication string|basic credentials|basic auth users|login token|session ticket|question answer
    chiave segreta|chiave privata|chiave api|chiave di accesso
    client key data|client certificate key|tls key|ssl key|пароль пользователя|كلمة المرور|كلمة السر|секретный ключ
    """.replace("\n", "|").split("|")
    if phrase.strip()
)
"""Several words in a row that name a secret."""

NUMERIC_PHRASES = tuple(
    tuple(phrase.split())
    for phrase in [
        "mfa code",
        "mfa token",
        "otp code",
        "totp code",
        "pin code",
        "sms code",
        "email code",
        "verification code",
        "security code",
        "auth code",
        "access code",
        "authorization code",
        "authentication code",
        "one time code",
        "one time password",
        "two factor code",
        "2 fa",
        "2 fa code",
        "social security number",
        "card number",
        "card cvc",
        "card cvv",
        "passcode number",
        "codigo pin",
        "reset code",
        "activation code",
        "activation key",
        "license key",
        "licence key",
        "login code",
        "card pin",
        "device code",
        "unlock code",
        "codigo seguridad",
        "codigo de seguridad",
        "code de verification",
        "code de confirmation",
        "code de securite",
        "code d acces",
        "codigo de acceso",
        "codigo de acesso",
        "codice di accesso",
        "codigo de verificacion",
        "codigo de verificacao",
        "codigo de confirmacao",
        "codice di verifica",
        "codice di sicurezza",
        "код подтверждения",
        "код доступа",
        "dogrulama kodu",
        "dogrulama kodunuz",
        "kod weryfikacyjny",
        "confirmation code",
        "door code",
        "gate code",
        "alarm code",
        "safe code",
        "entry code",
        "lock code",
        "garage code",
        "keypad code",
        "lockbox code",
        "locker code",
        "vault code",
    ]
)

OPAQUE_PHRASES = tuple(tuple(phrase.split()) for phrase in ["websocket protocol", "web socket protocol", "routing key"])
"""Several words in a row under which what looks like a credential is hidden; it may well be a name."""

KEY_OWNERS = _words(
    """
    api apis access secret private encryption decryption master signing account shared auth subscription storage
    deploy webhook admin root session crypto cipher aes hmac jwt rsa ssh app client consumer write ingest integration
    sas service instrumentation symmetric wrapping openai anthropic azure stripe gemini mistral groq
    cohere langsmith langfuse hf huggingface sendgrid mailgun twilio aws gcp google maps datadog newrelic algolia
    firebase supabase pinecone kms wifi wlan wpa wpa2
    tavily serper serpapi deepseek openrouter replicate elevenlabs perplexity functions
    function security preshared crypt ec tls ssl server wallet developer bot recovery unseal nonce application
    validation heroku netlify vercel cloudflare digitalocean pagerduty shopify paypal plaid airtable notion asana github
    gitlab grafana elasticsearch splunk postmark mailchimp hubspot salesforce pusher wandb cerebras voyage jina
    exa nvidia ai
    """
)
"""Whose `key` is a secret: `api_key`, `signing_keys`; a `primary_key` or a `partition_key` is none."""

PLACES = _words(
    """
    public primary foreign partition sort cache object routing translation idempotency unique row group index
    query event message file path state map hash range lookup dedup deduplication thread join merge issue
    project gpg pgp
    """
)
"""Whose `KEY` in an environment variable is none either: it says where something is."""

PASSES = _words(
    """
    boarding season ski day bus rail travel museum free hall backstage press visitor low high band forward backward
    mountain first second single
    """
)
"""Whose `pass` lets a person in, or is a step: no secret."""

OTHER_PASSES = _words(
    """
    bypass compass trespass surpass overpass underpass encompass bandpass highpass lowpass allpass onepass twopass
    multipass singlepass fastpass inpass xpass skipass
    """
)
"""Words that end in `pass` and are no passwords."""

TOKEN_OWNERS = _words(
    """
    access refresh auth api bearer id session csrf xsrf security bot personal secret reset invite verification oauth
    github gitlab slack databricks service deploy device registration webhook app user jwt login
    """
)
"""Whose `token`, in a text, is a secret."""

TOKENS_OF_TEXT = _words(
    """
    next page nextpage eos bos pad unk sep cls mask stop start end begin continuation sync cursor special max min total
    num number n input output prompt completion cached reasoning generated new decoder encoder image audio text per
    used remaining usage skip last first prev previous pagination resume count word sub subword vocab lexical syntax
    parse cancellation forward draft thinking tool video available billed context current design semantic color colour
    im
    """
)
"""Whose `token` is a piece of text, a place in a list, or a count."""

DENIALS = _words(
    """
    has is no non without needs requires require required show hide hides forgot forgotten allow allows enable
    enabled disable disabled use uses using can should must weak reused breached pwned min max num number
    count expires expired valid invalid
    """
)
"""Before the name of a secret: the name of something about it."""

ASPECTS_TOLD = _words(
    """
    policy policies url urls uri link date time timestamp expires expiry expiration expire expired ttl age count
    counts length len size min max type types kind name names id ids source sources provider hint hints label
    placeholder
    title description help message error errors status state strength score rules rule requirements required enabled
    disabled valid invalid verified changed updated created rotated reset attempts retries limit limits budget
    usage used cost costs price per rate rates manager store storage vault field fields column columns file files path
    dir location ref refs reference arn version format encoding algorithm alg method methods scheme schemes mode flow
    endpoint domains scope scopes audience issuer holder username group groups
    role roles permission index position offset probs logprobs logprob embedding embeddings mask classification
    classifier info metadata meta stats cache counter bucket recipe consent banner notice settings config options
    preferences variable policyid
    needed present exists set saved change changes changer rotation manager generator validator validation checker
    hasher hashing history available remaining seconds minutes ms ratio rows row list santa garden sauce ingredient menu
    box boxes visible visibility icon button form screen page prompt dialog input output inputs outputs details schema
    encryption encoder encoders hashers
    cutter ordering order sort weight weights economy sale supply symbol ranking frequency frequencies alias
    chars charset alphabet vergessen aendern andern zurucksetzen anzeigen forgot forgotten oublie oubliee changer
    afficher olvidada olvidado
    olvide esqueci esqueceu cambiar alterar mostrar dimenticata vergeten wijzigen show hide
    regex regexp pattern patterns address addresses fd lange longueur longitud lunghezza comprimento lengte длина
    """
)
"""After the name of a secret, in a sentence too: something about it."""

ASPECTS = ASPECTS_TOLD | _words("server service host domain user owner last at on")
"""After the name of a secret: something about it. In a sentence, the words here say whose the secret is, or where."""

STATED = _words(
    """
    enabled disabled type required min max length count policy expiration
    seconds audience expires expiry expired created updated changed rotated
    rotation verified status name optional scheme scope scopes file version provider source url ttl age echo configured
    fingerprint thumbprint kid algorithm active size bits id ids visibility permission permissions comment
    description label title owner prefix used total state note mode history days minutes hours attempts complexity
    special symbols uppercase lowercase
    tipo obligatorio obrigatorio requerido minimo maximo longitud comprimento typ pflicht erforderlich mindestens lange
    requis obligatoire longueur obbligatorio lunghezza
    """
)
"""Under the name of a secret: the name of something that is stated about it."""

CONTROLS = _words("text field input box textbox control key keys secret")
"""After the name of a password: a control of a form or where it is kept; the value may be a name or the secret."""

NEUTRAL = _words(
    """
    value values val string str text data binary raw plain plaintext b64 base64 encoded encrypted hash hashed hex header
    headers base current old new prod production dev development staging test tests live sandbox primary secondary
    backup default pem der confirm confirmation confirmed confirmacion repeat again a b c x y secret secrets key keys
    token in for of the my content contents body param parameter arg argument hashes env internal external main root
    unsafe admin user github gitlab slack openai azure aws gcp id_token salt number digits entered given typed
    """
)
"""After the name of a secret: still its name."""

ONE_TIME_LINKS = _words(
    """
    reset resetpassword setpassword forgot forgotten recover recovery magic magiclink passwordless login signin otp
    invite invitation invitations activate activation verify verification confirm confirmation unlock join claim
    passwort zurucksetzen anmelden anmeldung einladung connexion reinitialiser invitacion restablecer recuperar
    redefinir convite recuperare reimposta inloggen herstellen rp
    """
)
"""In the path or query of an address that works once, for whoever has it."""

LOOKALIKES = str.maketrans("аеорсухіԁѕјһ", "aeopcyxidsjh")
"""Cyrillic letters that stand for Latin ones in a word of both."""
