// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.utils.Time;
import org.jspecify.annotations.Nullable;

/**
 * Asks an identity provider for a token, by OAuth 2's client credentials: with a secret, or with a
 * text that the client has signed. One request a token; when to ask again is for Kafka's client.
 */
final class TokenEndpoint {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int TIMEOUT_MILLIS = 30_000;
  private static final int LARGEST_ANSWER = 1024 * 1024;
  /** For how long a token is taken to be good that does not say it. */
  private static final long UNKNOWN_SECONDS = 300;

  /** The clock of Kafka's client, which made this object without handing it one. */
  private final Time time = Time.SYSTEM;

  private final Map<String, String> options;
  private final URI uri;
  private final String client;
  private final @Nullable String secret;
  private final @Nullable SSLContext tls;

  TokenEndpoint(Map<String, String> options) {
    this.options = Map.copyOf(options);
    this.uri = URI.create(required(OidcLogin.ENDPOINT));
    this.client = required(OidcLogin.CLIENT);
    this.secret = options.get(OidcLogin.SECRET);
    this.tls = tls(options);
  }

  OidcLogin.Token token() throws IOException {
    var form = form();
    if (secret == null) {
      form.put("client_id", client);
      form.put("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      form.put("client_assertion", assertion());
      return answered(post(form, null));
    }
    // Providers differ in where they look for a client's secret, as Go's client knows.
    var first = post(form, basic(client, secret));
    if (first.status() != 400 && first.status() != 401) {
      return answered(first);
    }
    form.put("client_id", client);
    form.put("client_secret", secret);
    return answered(post(form, null));
  }

  private Map<String, String> form() {
    var form = new LinkedHashMap<String, String>();
    form.put("grant_type", "client_credentials");
    for (String name : new String[] {OidcLogin.SCOPE, OidcLogin.AUDIENCE, OidcLogin.RESOURCE}) {
      var value = options.get(name);
      if (value != null) {
        form.put(name, value);
      }
    }
    return form;
  }

  private String assertion() {
    return ClientAssertion.signed(
        Pem.key(required(OidcLogin.KEY)),
        options.get(OidcLogin.KEY_ID),
        client,
        options.getOrDefault(OidcLogin.AUDIENCE, uri.toString()),
        time.milliseconds() / 1000);
  }

  private record Answer(int status, Map<String, String> fields) {}

  private Answer post(Map<String, String> form, @Nullable String authorization) throws IOException {
    var body = form.entrySet().stream()
        .map(field -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
        .collect(Collectors.joining("&"))
        .getBytes(StandardCharsets.US_ASCII);
    var connection = (HttpURLConnection) uri.toURL().openConnection();
    if (tls != null && connection instanceof HttpsURLConnection https) {
      https.setSSLSocketFactory(tls.getSocketFactory());
      if (isUnverified(options)) {
        https.setHostnameVerifier((host, session) -> true);
      }
    }
    connection.setConnectTimeout(TIMEOUT_MILLIS);
    connection.setReadTimeout(TIMEOUT_MILLIS);
    connection.setInstanceFollowRedirects(false); // A secret goes nowhere but where it is told.
    connection.setDoOutput(true);
    connection.setRequestProperty("Content-Type", "application/x-www-form-urlencoded");
    connection.setRequestProperty("Accept", "application/json");
    if (authorization != null) {
      connection.setRequestProperty("Authorization", authorization);
    }
    try (var out = connection.getOutputStream()) {
      out.write(body);
    }
    int status = connection.getResponseCode();
    try (@Nullable
        InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      return new Answer(status, in == null ? Map.of() : fields(in.readNBytes(LARGEST_ANSWER)));
    }
  }

  private OidcLogin.Token answered(Answer answer) throws IOException {
    var fields = answer.fields();
    var token = fields.get("access_token");
    if (answer.status() / 100 != 2 || token == null || token.isEmpty()) {
      // The words of RFC 6749 are letters and underscores; whatever else stands there stays there.
      var error = fields.getOrDefault("error", "");
      throw new RefusedException("the identity provider at %s gave no token but status %d%s"
          .formatted(this, answer.status(), error.matches("\\w{1,40}") ? ", " + error : ""));
    }
    var seconds = fields.getOrDefault("expires_in", "");
    long lifetime = seconds.matches("\\d{1,10}") ? Long.parseLong(seconds) : UNKNOWN_SECONDS;
    var scope = options.getOrDefault(OidcLogin.SCOPE, "");
    return new OidcLogin.Token(
        token, Set.of(scope.split(" ")), time.milliseconds() + lifetime * 1000, client);
  }

  /** The texts and numbers of an answer's object; none when it is no JSON. */
  private static Map<String, String> fields(byte[] body) {
    var fields = new LinkedHashMap<String, String>();
    try (var parser = JSON.createParser(body)) {
      boolean object = parser.nextToken() == JsonToken.START_OBJECT;
      while (object && parser.nextToken() == JsonToken.FIELD_NAME) {
        var name = parser.currentName();
        if (parser.nextToken().isScalarValue()) {
          fields.put(name, parser.getText());
        }
        parser.skipChildren();
      }
    } catch (IOException e) {
      return Map.of();
    }
    return fields;
  }

  /** The address without a path, for messages. */
  @Override
  public String toString() {
    return String.valueOf(uri.getHost());
  }

  /** The provider was reached, and gave no token. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
      super(message);
    }
  }

  private static String basic(String client, String secret) {
    var text = encoded(client) + ":" + encoded(secret);
    return "Basic " + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static boolean isUnverified(Map<String, String> options) {
    return "true".equals(options.get(OidcLogin.UNVERIFIED));
  }

  private static @Nullable SSLContext tls(Map<String, String> options) {
    try {
      if (isUnverified(options)) {
        return TlsContext.unverified();
      }
      var authorities = options.get(OidcLogin.AUTHORITIES);
      return authorities == null ? null : TlsContext.trusting(Pem.certificates(authorities));
    } catch (GeneralSecurityException e) {
      throw new ConfigException("TLS to the identity provider can't be set up: " + e.getMessage());
    }
  }

  private String required(String name) {
    var value = options.get(name);
    if (value == null) {
      throw new ConfigException("the login's option \"" + name + "\" is missing");
    }
    return value;
  }
}
