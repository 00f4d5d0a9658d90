// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

/**
 * This runtime, as a name resolver makes it known.
 *
 * @param namespace {@code default} when the runtime has none; never empty
 * @param address where it takes calls of its peers; the host is one that peers can reach
 * @param appPort of the program beside it; 0 when there is none
 */
public record AppInstance(String appId, String namespace, PeerAddress address, int appPort) {}
