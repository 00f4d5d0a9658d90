// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import dev.pillion.component.ComponentMetadata;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Dapr's settings of an identity provider, as the options of {@link OidcLogin}. */
final class OidcSettings {
  static final String[] KEYS = {
    "oidcTokenEndpoint",
    "oidcClientID",
    "oidcClientSecret",
    "oidcScopes",
    "oidcExtensions",
    "oidcClientAssertionCert",
    "oidcClientAssertionKey",
    "oidcResource",
    "oidcAudience",
    "oidcKid"
  };

  private final ComponentMetadata metadata;
  private final Map<String, String> options = new LinkedHashMap<>();

  OidcSettings(ComponentMetadata metadata) {
    this.metadata = metadata;
  }

  /**
   * Reads them.
   *
   * @param assertion whether the client proves itself by a signature instead of a secret
   */
  Map<String, String> read(boolean assertion) {
    var endpoint = metadata.required("oidcTokenEndpoint");
    if (!endpoint.isEmpty() && !isHttp(endpoint)) {
      metadata.problem("\"oidcTokenEndpoint\" must be a URL of http or https");
    }
    options.put(OidcLogin.ENDPOINT, endpoint);
    options.put(OidcLogin.CLIENT, metadata.required("oidcClientID"));
    var scopes = text("oidcScopes");
    options.put(OidcLogin.SCOPE, scopes.isEmpty() ? "openid" : scopes.replace(',', ' '));
    if (assertion) {
      var key = metadata.required("oidcClientAssertionKey");
      options.put(OidcLogin.KEY, key);
      if (!key.isEmpty()) {
        checkKey(key);
      }
      options.put(OidcLogin.KEY_ID, text("oidcKid"));
      options.put(OidcLogin.AUDIENCE, text("oidcAudience"));
      options.put(OidcLogin.RESOURCE, text("oidcResource"));
    } else {
      options.put(OidcLogin.SECRET, metadata.required("oidcClientSecret"));
    }
    var authorities = text("caCert");
    options.put(OidcLogin.AUTHORITIES, authorities);
    if (!authorities.isEmpty()) {
      checkCertificates(authorities);
    }
    options.put(OidcLogin.UNVERIFIED, Boolean.toString(metadata.truthy("skipVerify", false)));
    extensions(text("oidcExtensions"));
    options.values().removeIf(String::isEmpty);
    return options;
  }

  private void checkKey(String key) {
    try {
      if (!Pem.key(key).getAlgorithm().equals("RSA")) {
        metadata.problem("\"oidcClientAssertionKey\" must be a key of RSA");
      }
    } catch (IllegalArgumentException e) {
      metadata.problem("\"oidcClientAssertionKey\" " + e.getMessage());
    }
  }

  private void checkCertificates(String authorities) {
    try {
      Pem.certificates(authorities);
    } catch (IllegalArgumentException e) {
      metadata.problem("\"caCert\" " + e.getMessage());
    }
  }

  /** What the client says beside its token; Kafka's protocol has letters only for the names. */
  private void extensions(String json) {
    if (json.isEmpty()) {
      return;
    }
    try (var parser = new JsonFactory().createParser(json)) {
      boolean object = parser.nextToken() == JsonToken.START_OBJECT;
      while (object && parser.nextToken() == JsonToken.FIELD_NAME) {
        var name = parser.currentName();
        object = parser.nextToken() == JsonToken.VALUE_STRING && extension(name, parser.getText());
      }
      if (object && parser.nextToken() == null) {
        return;
      }
    } catch (IOException e) {
      // The same problem.
    }
    metadata.problem("\"oidcExtensions\" must be a JSON object of texts, with names of letters,"
        + " none of them \"auth\"");
  }

  private boolean extension(String name, String value) {
    options.put(OidcLogin.EXTENSION + name, value);
    return name.matches("[A-Za-z]+")
        && !name.equals("auth")
        && value.matches("[\\x21-\\x7E \\t\\r\\n]+");
  }

  private static boolean isHttp(String text) {
    try {
      var uri = new URI(text);
      return uri.getHost() != null
          && ("https".equalsIgnoreCase(uri.getScheme())
              || "http".equalsIgnoreCase(uri.getScheme()));
    } catch (URISyntaxException e) {
      return false;
    }
  }

  private String text(String key) {
    return metadata.text(key).orElse("");
  }
}
