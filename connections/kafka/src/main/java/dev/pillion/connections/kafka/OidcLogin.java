// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.auth.SaslExtensions;
import org.apache.kafka.common.security.auth.SaslExtensionsCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerTokenCallback;
import org.jspecify.annotations.Nullable;

/**
 * Gives Kafka's clients the tokens of an identity provider, by Dapr's settings. Made by Kafka's
 * clients, by its name; of no use to anybody else.
 *
 * <p>Kafka's own handler asks only addresses that a system property of the whole JVM allows, reads
 * keys from files alone, and takes no token but a JWT.
 */
public final class OidcLogin implements AuthenticateCallbackHandler {
  static final String ENDPOINT = "endpoint";
  static final String CLIENT = "client";
  static final String SECRET = "secret";
  static final String SCOPE = "scope";
  static final String KEY = "key";
  static final String KEY_ID = "keyId";
  static final String AUDIENCE = "audience";
  static final String RESOURCE = "resource";
  static final String AUTHORITIES = "authorities";
  static final String UNVERIFIED = "unverified";
  static final String EXTENSION = "extension_";

  private final Map<String, String> extensions = new HashMap<>();
  private @Nullable TokenEndpoint endpoint;

  /** For Kafka's clients. */
  public OidcLogin() {}

  @Override
  public void configure(
      Map<String, ?> properties, String mechanism, List<AppConfigurationEntry> entries) {
    var options = new HashMap<String, String>();
    entries.get(0).getOptions().forEach((name, value) -> {
      if (name.startsWith(EXTENSION)) {
        extensions.put(name.substring(EXTENSION.length()), value.toString());
      } else {
        options.put(name, value.toString());
      }
    });
    endpoint = new TokenEndpoint(options);
  }

  @Override
  public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
    for (var callback : callbacks) {
      if (callback instanceof OAuthBearerTokenCallback wanted) {
        if (endpoint == null) {
          throw new IllegalStateException("configure() was not called");
        }
        answer(wanted, endpoint);
      } else if (callback instanceof SaslExtensionsCallback wanted) {
        wanted.extensions(new SaslExtensions(extensions));
      } else {
        throw new UnsupportedCallbackException(callback);
      }
    }
  }

  /**
   * Says a failure in the one way that Kafka's client hands on; of an exception it keeps nothing.
   */
  private static void answer(OAuthBearerTokenCallback wanted, TokenEndpoint endpoint) {
    try {
      wanted.token(endpoint.token());
    } catch (TokenEndpoint.RefusedException e) {
      wanted.error("refused", e.getMessage(), null);
    } catch (IOException e) {
      wanted.error("unreachable", "the identity provider at %s: %s".formatted(endpoint, e), null);
    }
  }

  @Override
  public void close() {}

  /** A token and until when it is good; its text says neither. */
  record Token(String value, Set<String> scope, long lifetimeMs, String principalName)
      implements OAuthBearerToken {
    @Override
    public @Nullable Long startTimeMs() {
      return null;
    }

    @Override
    public String toString() {
      return "a token of " + principalName;
    }
  }
}
