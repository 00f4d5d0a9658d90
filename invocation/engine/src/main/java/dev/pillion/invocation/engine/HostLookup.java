// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.naming.CommunicationException;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingException;
import javax.naming.directory.InitialDirContext;

/**
 * All addresses of a full host name. By the JDK's DNS client rather than by {@code InetAddress},
 * which keeps answers for half a minute, waits as long as the system does, and can't tell a name
 * that is not there from a server that is not. Thread-safe.
 */
final class HostLookup {
  /** The record types of IPv4 and IPv6; asking for both at once would be a query for any. */
  private static final List<String> TYPES = List.of("A", "AAAA");

  private static final long PATIENCE_MILLIS = 1_000;

  /** The JDK waits once, then twice as long. */
  private static final long SHARES = 3;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]+");
  private static final Pattern LITERAL = Pattern.compile("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

  private final String servers;

  /** Asks the servers the system names, or those of this URL ({@code dns://host:port}). */
  HostLookup(String servers) {
    this.servers = servers;
  }

  /** Whether this is an address already. */
  static boolean isLiteral(String host) {
    return LITERAL.matcher(host).matches();
  }

  /**
   * Whether this can be a host. An app id becomes a part of one, and whoever calls may write what
   * he likes into it: a URL, which JNDI would follow, or another host and port.
   */
  static boolean isHost(String host) {
    return NAME.matcher(host).matches() || isLiteral(host);
  }

  /** Empty when there is no such name; the host must be one ({@link #isHost}). */
  List<String> addresses(String host, Deadline deadline) {
    var found = new ArrayList<String>();
    for (var type : TYPES) {
      // What is left is for the types that are left.
      var left = TYPES.size() - TYPES.indexOf(type);
      try {
        found.addAll(query(host, type, patience(host, deadline, left)));
      } catch (NameNotFoundException e) {
        return List.of();
      } catch (NamingException e) {
        if (found.isEmpty()) {
          throw unavailable(host, e);
        }
      }
    }
    return found;
  }

  private static long patience(String host, Deadline deadline, int parts) {
    long left = TimeUnit.NANOSECONDS.toMillis(
        deadline.remainingNanos(TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS * SHARES * parts)));
    if (left <= 0) {
      throw new CallTimeoutException(
          "ERR_COMPONENT",
          "the deadline passed before DNS had said where \"" + host + "\" is",
          null);
    }
    return Math.max(1, left / (SHARES * parts));
  }

  // Records of addresses are texts, nothing is deserialized, and a host holds no URL. JNDI wants
  // the
  // old table.
  @SuppressWarnings({"BanJNDI", "JdkObsolete"})
  private List<String> query(String host, String type, long patience) throws NamingException {
    var environment = new Hashtable<String, String>();
    environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
    environment.put(Context.PROVIDER_URL, servers);
    environment.put("com.sun.jndi.dns.timeout.initial", Long.toString(patience));
    environment.put("com.sun.jndi.dns.timeout.retries", "2");
    var context = new InitialDirContext(environment);
    try {
      var records = context.getAttributes(host, new String[] {type}).get(type);
      var texts = new ArrayList<String>();
      for (int i = 0; records != null && i < records.size(); i++) {
        texts.add(String.valueOf(records.get(i)));
      }
      return texts;
    } finally {
      context.close();
    }
  }

  private static ComponentException unavailable(String host, NamingException e) {
    return ComponentException.unavailable(
        e instanceof CommunicationException
            ? "DNS did not say where \"%s\" is: no answer in time".formatted(host)
            : "DNS could not say where \"%s\" is: %s".formatted(host, e.getMessage()),
        e);
  }
}
