// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** What the driver is told beside the user's settings. */
final class DriverSession {
  private DriverSession() {}

  /** The properties of a session: the user's, then what we set where they say nothing. */
  static Properties properties(PostgresSettings settings, String appId) {
    var properties = settings.properties();
    long timeout = Math.max(1, settings.timeout().plusMillis(999).toSeconds());
    properties.putIfAbsent("ApplicationName", appId);
    properties.putIfAbsent("connectTimeout", Long.toString(Math.min(timeout, 10)));
    properties.putIfAbsent("socketTimeout", Long.toString(timeout));
    properties.putIfAbsent("cancelSignalTimeout", "2");
    properties.putIfAbsent("tcpKeepAlive", "true");
    // Prepared on first use, as pgx does; queryExecMode says otherwise.
    properties.putIfAbsent("prepareThreshold", "1");
    // Details quote rows.
    properties.putIfAbsent("logServerErrorDetail", "false");
    properties.setProperty("loginTimeout", "0");
    // As libpq: the user's own root certificate comes before the system's.
    var home = Path.of(System.getProperty("user.home", ""), ".postgresql", "root.crt");
    if (DriverProperties.JVM_TRUST.equals(properties.getProperty("sslfactory"))
        && Files.exists(home)) {
      properties.remove("sslfactory");
    }
    return properties;
  }
}
