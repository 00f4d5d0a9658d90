// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

/**
 * Whom a call is for, in Dapr's words.
 *
 * @param asked as it was asked for, which is how policies and messages name it
 * @param appId empty for a URL
 * @param namespace the runtime's own unless named
 */
record Target(String asked, String appId, String namespace) {
  /**
   * Reads {@code appId}, {@code appId.namespace} or a URL.
   *
   * @throws IllegalArgumentException when it is none of them
   */
  static Target of(String asked, String ownNamespace) {
    if (asked.isEmpty()) {
      throw new IllegalArgumentException("app id is empty");
    }
    if (asked.startsWith("http://") || asked.startsWith("https://")) {
      return new Target(asked, "", "");
    }
    var parts = asked.split("\\.", -1);
    if (parts.length > 2 || parts[0].isEmpty() || parts[parts.length - 1].isEmpty()) {
      throw new IllegalArgumentException(
          "invalid app id %s: it is an app id, or an app id, a dot and a namespace"
              .formatted(asked));
    }
    return new Target(asked, parts[0], parts.length == 2 ? parts[1] : ownNamespace);
  }

  boolean isUrl() {
    return appId.isEmpty();
  }

  @Override
  public String toString() {
    return asked;
  }
}
