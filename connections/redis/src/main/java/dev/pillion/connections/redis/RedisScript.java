// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A Lua script with the digest servers know it by. Immutable; make it once.
 *
 * <p>It is called by its digest. A server that does not know it, because it restarted, took over
 * from another, or joined the cluster, is given the text with the same call and remembers it.
 */
public final class RedisScript {
  private final byte[] text;
  private final byte[] digest;

  private RedisScript(byte[] text) {
    this.text = text;
    try {
      var sha1 = MessageDigest.getInstance("SHA-1").digest(text);
      this.digest = HexFormat.of().formatHex(sha1).getBytes(US_ASCII);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JVM has no SHA-1, which Redis names scripts by", e);
    }
  }

  /** The script with this text. */
  public static RedisScript of(String text) {
    return new RedisScript(text.getBytes(UTF_8));
  }

  byte[] text() {
    return text;
  }

  byte[] digest() {
    return digest;
  }
}
