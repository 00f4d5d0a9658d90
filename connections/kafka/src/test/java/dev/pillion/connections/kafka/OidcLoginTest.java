// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pillion.connections.kafka.Provider.Reply;
import dev.pillion.connections.kafka.Provider.Request;
import dev.pillion.testservers.TestCertificate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.Signature;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.security.auth.SaslExtensionsCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerTokenCallback;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OidcLoginTest {
  private static final Reply TOKEN = new Reply(
      200,
      "{\"token_type\":\"Bearer\",\"x\":{\"access_token\":\"no\"},"
          + "\"access_token\":\"t0ken\",\"expires_in\":60}");

  @Test
  void theSecretGoesInTheHeader() throws Exception {
    try (var provider = provider(request -> TOKEN)) {
      var token = token(options(provider.url(), "secret", "s3:cr t"));
      assertThat(token.value()).isEqualTo("t0ken");
      assertThat(token.scope()).containsExactlyInAnyOrder("openid", "kafka");
      assertThat(token.principalName()).isEqualTo("orders");
      assertThat(token.lifetimeMs())
          .isCloseTo(System.currentTimeMillis() + 60_000, within(30_000L));
      assertThat(token.toString()).doesNotContain("t0ken");
      assertThat(provider.requests)
          .containsExactly(new Request(
              "Basic " + base64("orders:s3%3Acr+t"),
              Map.of("grant_type", "client_credentials", "scope", "openid kafka")));
    }
  }

  @ParameterizedTest
  @CsvSource({"400", "401"})
  void theSecretGoesInTheFormWhenTheHeaderIsRefused(int status) throws Exception {
    try (var provider = provider(
        request -> request.form().containsKey("client_secret") ? TOKEN : new Reply(status, ""))) {
      assertThat(token(options(provider.url(), "secret", "s3cret")).value()).isEqualTo("t0ken");
      assertThat(provider.requests.get(1))
          .isEqualTo(new Request(
              "",
              Map.of(
                  "grant_type", "client_credentials",
                  "scope", "openid kafka",
                  "client_id", "orders",
                  "client_secret", "s3cret")));
    }
  }

  @Test
  void aSignedAssertionTakesTheSecretsPlace() throws Exception {
    try (var provider = provider(request -> TOKEN)) {
      var options = options(provider.url(), "key", Keys.pkcs1(Keys.RSA.getPrivate()));
      options.putAll(Map.of("keyId", "k1", "resource", "r"));
      assertThat(token(options).value()).isEqualTo("t0ken");
      var form = provider.requests.get(0).form();
      assertThat(provider.requests.get(0).authorization()).isEmpty();
      assertThat(form)
          .containsEntry("client_id", "orders")
          .containsEntry("resource", "r")
          .containsEntry(
              "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
          .doesNotContainKeys("client_secret", "audience");
      var jwt = form.get("client_assertion").split("\\.");
      assertThat(decoded(jwt[0])).isEqualTo("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}");
      assertThat(decoded(jwt[1]))
          .contains("\"iss\":\"orders\"", "\"sub\":\"orders\"")
          .contains("\"aud\":\"" + provider.url() + "\"")
          .containsPattern("\"iat\":\\d+,\"nbf\":\\d+,\"exp\":\\d+,\"jti\":\"[0-9a-f-]{36}\"");
      var signature = Signature.getInstance("SHA256withRSA");
      signature.initVerify(Keys.RSA.getPublic());
      signature.update((jwt[0] + "." + jwt[1]).getBytes(StandardCharsets.US_ASCII));
      assertThat(signature.verify(Base64.getUrlDecoder().decode(jwt[2]))).isTrue();
    }
  }

  @Test
  void anAudienceIsAskedForAndClaimed() throws Exception {
    try (var provider = provider(request -> TOKEN)) {
      var options = options(
          provider.url(), "key", Keys.pem("PRIVATE KEY", Keys.RSA.getPrivate().getEncoded()));
      options.put("audience", "kafka");
      token(options);
      var form = provider.requests.get(0).form();
      assertThat(form).containsEntry("audience", "kafka");
      assertThat(decoded(form.get("client_assertion").split("\\.")[1]))
          .contains("\"aud\":\"kafka\"");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "403|{\"error\":\"access_denied\",\"error_description\":\"s3cret\"}|status 403, access_denied",
        "500|s3cret|status 500",
        "302||status 302",
        "200|{\"access_token\":\"\"}|status 200",
        "200|[\"s3cret\"]|status 200",
        "200|s3cret|status 200",
        "200||status 200",
      })
  void anAnswerWithoutATokenFailsAndIsNotQuoted(int status, String body, String message)
      throws Exception {
    try (var provider = provider(request -> new Reply(status, body == null ? "" : body))) {
      assertThat(refusal(options(provider.url(), "secret", "x")))
          .startsWith("refused: the identity provider at 127.0.0.1 ")
          .endsWith(message)
          .doesNotContain("s3cret");
    }
  }

  @Test
  void aTokenThatDoesNotSayHowLongItIsGoodIsAskedForAgainSoon() throws Exception {
    try (var provider = provider(request -> new Reply(200, "{\"access_token\":\"t\"}"))) {
      assertThat(token(options(provider.url(), "secret", "x")).lifetimeMs())
          .isCloseTo(System.currentTimeMillis() + 300_000, within(30_000L));
    }
  }

  @Test
  void theProvidersCertificateIsVerifiedUnlessSaidOtherwise() throws Exception {
    var certificate = TestCertificate.create();
    var authority = Keys.text(certificate.certificateFile());
    try (var provider = new Provider(Optional.of(certificate.sslContext()), request -> TOKEN)) {
      var options = options(provider.url(), "secret", "x");
      assertThat(refusal(options))
          .startsWith("unreachable: the identity provider at 127.0.0.1: ")
          .contains("SSLHandshakeException");
      options.put("authorities", authority);
      assertThat(token(options).value()).isEqualTo("t0ken");
    }
    try (var provider = new Provider(Optional.of(certificate.sslContext()), request -> TOKEN)) {
      var options = options(provider.url("localhost"), "secret", "x");
      options.put("unverified", "true");
      assertThat(token(options).value()).isEqualTo("t0ken");
    }
  }

  @Test
  void extensionsGoWithTheToken() throws Exception {
    var login = login(new HashMap<>(Map.of(
        "endpoint", "http://localhost/",
        "client", "c",
        "secret", "s",
        "extension_logicalCluster", "lkc")));
    var wanted = new SaslExtensionsCallback();
    login.handle(new Callback[] {wanted});
    assertThat(wanted.extensions().map()).isEqualTo(Map.of("logicalCluster", "lkc"));
    assertThatThrownBy(() -> login.handle(new Callback[] {new NameCallback("name")}))
        .isInstanceOf(UnsupportedCallbackException.class);
    login.close();
  }

  @Test
  void aMissingOptionIsNamed() {
    assertThatThrownBy(() -> login(new HashMap<>(Map.of("endpoint", "http://localhost/"))))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("\"client\"");
  }

  private static Provider provider(Function<Request, Reply> answer) throws IOException {
    return new Provider(Optional.empty(), answer);
  }

  private static Map<String, String> options(String url, String proof, String value) {
    return new HashMap<>(
        Map.of("endpoint", url, "client", "orders", "scope", "openid kafka", proof, value));
  }

  private static OidcLogin login(Map<String, String> options) {
    var login = new OidcLogin();
    var entry = new AppConfigurationEntry("x", LoginModuleControlFlag.REQUIRED, options);
    login.configure(Map.of(), "OAUTHBEARER", List.of(entry));
    return login;
  }

  private static String refusal(Map<String, String> options) throws Exception {
    var wanted = new OAuthBearerTokenCallback();
    login(options).handle(new Callback[] {wanted});
    assertThat(wanted.token()).isNull();
    return wanted.errorCode() + ": " + wanted.errorDescription();
  }

  private static OAuthBearerToken token(Map<String, String> options) throws Exception {
    var wanted = new OAuthBearerTokenCallback();
    login(options).handle(new Callback[] {wanted});
    return wanted.token();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String decoded(String part) {
    return new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8);
  }
}
