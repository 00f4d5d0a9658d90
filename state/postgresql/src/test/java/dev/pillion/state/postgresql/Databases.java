// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.testservers.PostgresServer;

/** Connection texts of test databases. */
final class Databases {
  private Databases() {}

  /** The URL with user and password. */
  static String withUser(PostgresServer server, String url) {
    return url + (url.contains("?") ? "&" : "?") + "user=" + server.user() + "&password="
        + server.password();
  }
}
