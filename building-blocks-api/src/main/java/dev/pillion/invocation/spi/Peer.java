// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

/**
 * One replica of an app, as a call goes to it.
 *
 * @param namespace never empty
 */
public record Peer(String appId, String namespace, PeerAddress address) {
  @Override
  public String toString() {
    return "\"%s\" at %s".formatted(appId, address);
  }
}
