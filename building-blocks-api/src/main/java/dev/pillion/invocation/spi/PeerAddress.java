// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

/**
 * Where a runtime or a daprd takes calls of its peers.
 *
 * @param host a name or an address; IPv6 without brackets
 * @param port 1 to 65535
 */
public record PeerAddress(String host, int port) {
  /**
   * Checks both.
   *
   * @throws IllegalArgumentException when the host is empty or the port can't be
   */
  public PeerAddress {
    if (host.isBlank() || port < 1 || port > 65_535) {
      throw new IllegalArgumentException(
          "a peer has a host and a port of 1 to 65535, not \"%s\" and %d".formatted(host, port));
    }
  }

  /**
   * Reads {@code host:port}; an IPv6 address stands in brackets, or without them as daprd writes
   * some.
   *
   * @throws IllegalArgumentException when the text is not of that form
   */
  public static PeerAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw new IllegalArgumentException("\"" + text + "\" is not of the form host:port");
    }
    var host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    try {
      return new PeerAddress(host, Integer.parseInt(text.substring(colon + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not of the form host:port: its port is no number", e);
    }
  }

  /** {@code host:port}, with brackets around an IPv6 address. */
  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[%s]:%d".formatted(host, port) : host + ":" + port;
  }
}
