// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import dev.pillion.ComponentException;
import dev.pillion.invocation.mdns.DnsMessage.DnsQuestion;
import dev.pillion.invocation.spi.AppInstance;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/**
 * What this runtime says of itself, as a daprd does: the service type is the bare app id, and a
 * text repeats it. Immutable.
 */
final class OwnRecords {
  static final String DOMAIN = ".local.";

  private static final String ALL_TYPES = "_services._dns-sd._udp.local.";
  private static final long SERVICE_TTL = 3_200;
  private static final long HOST_TTL = 120;
  private static final int MAX_TEXT = 63;

  private final String appId;
  private final String type;
  private final String instance;
  private final String host;
  private final int port;
  private final List<InetAddress> addresses;

  private OwnRecords(AppInstance self, String hostName, long pid, List<InetAddress> addresses) {
    appId = self.appId();
    type = appId + DOMAIN;
    port = self.address().port();
    // The port, too: one JVM may hold several instances of an app.
    instance = "%s:%d-%d.%s".formatted(hostName, pid, port, type);
    host = hostName.endsWith("local") ? hostName + "." : hostName + DOMAIN;
    this.addresses = addresses;
  }

  /**
   * Looks up the host's addresses.
   *
   * @throws ComponentException when a name can't be one of DNS, or the host has no address
   */
  static OwnRecords of(AppInstance self, String hostName, long pid) {
    if (self.appId().length() > MAX_TEXT || self.appId().contains(".")) {
      throw ComponentException.failed(
          "app id \"%s\" can't be found by mDNS: it must be at most %d characters long and have no dot"
              .formatted(self.appId(), MAX_TEXT),
          null);
    }
    try {
      var addresses = List.of(InetAddress.getAllByName(self.address().host()));
      var records = new OwnRecords(self, hostName, pid, addresses);
      if (!DnsWriter.isName(records.instance) || !DnsWriter.isName(records.host)) {
        throw ComponentException.failed(
            "app \"%s\" can't be found by mDNS: \"%s\" can't be a name of DNS"
                .formatted(self.appId(), records.instance),
            null);
      }
      return records;
    } catch (UnknownHostException e) {
      throw ComponentException.unavailable(
          "app \"%s\" can't be made known by mDNS: host \"%s\" has no address"
              .formatted(self.appId(), self.address().host()),
          e);
    }
  }

  /** The records that answer a question; none when it is about something else. */
  List<DnsRecord> answers(DnsQuestion question) {
    if (question.name().equalsIgnoreCase(type) && question.asksFor(DnsRecord.PTR)) {
      return all();
    }
    if (question.name().equalsIgnoreCase(ALL_TYPES) && question.asksFor(DnsRecord.PTR)) {
      return List.of(new DnsRecord.Pointer(ALL_TYPES, SERVICE_TTL, type));
    }
    return question.name().equalsIgnoreCase(instance)
            && (question.asksFor(DnsRecord.SRV) || question.asksFor(DnsRecord.TXT))
        ? all()
        : List.of();
  }

  List<DnsRecord> all() {
    return records(SERVICE_TTL, HOST_TTL);
  }

  /** Tells everybody to forget it. The host's address stays: others on this host may use it. */
  List<DnsRecord> goodbye() {
    return records(0, HOST_TTL);
  }

  private List<DnsRecord> records(long serviceTtl, long hostTtl) {
    var records = new ArrayList<DnsRecord>();
    records.add(new DnsRecord.Pointer(type, serviceTtl, instance));
    records.add(new DnsRecord.Service(instance, serviceTtl, port, host));
    records.add(new DnsRecord.Text(instance, serviceTtl, List.of(appId)));
    for (var address : addresses) {
      records.add(new DnsRecord.Address(host, hostTtl, address));
    }
    return records;
  }

  @Override
  public String toString() {
    return instance;
  }
}
