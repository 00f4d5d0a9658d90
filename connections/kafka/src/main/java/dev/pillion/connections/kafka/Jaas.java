// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import java.util.Map;
import org.apache.kafka.common.config.types.Password;

/** The one form in which Kafka's clients take a login: a line of JAAS. */
final class Jaas {
  static final String PLAIN = "plain.PlainLoginModule";
  static final String SCRAM = "scram.ScramLoginModule";
  static final String TOKEN = "oauthbearer.OAuthBearerLoginModule";

  private Jaas() {}

  /** One of Kafka's modules with its options, none of which can end its quotes. */
  static Password login(String module, Map<String, String> options) {
    var line = new StringBuilder("org.apache.kafka.common.security.").append(module);
    line.append(" required");
    options.forEach((name, value) ->
        line.append(' ').append(name).append("=\"").append(escaped(value)).append('"'));
    return new Password(line.append(';').toString());
  }

  private static String escaped(String value) {
    return value
        .replace("\\", "\\\\")
        .replace("\"", "\\\"")
        .replace("\n", "\\n")
        .replace("\r", "\\r");
  }
}
