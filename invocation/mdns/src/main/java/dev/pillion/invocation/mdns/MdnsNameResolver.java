// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import dev.pillion.Registration;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.Resolution;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the apps of one network by multicast DNS, as Dapr's {@code nameresolution.mdns} does: a
 * daprd beside it is found, and finds this runtime. Needs no server and no setting.
 *
 * <p>Namespaces are not told apart, as in Dapr; an app of which nothing is heard within a second is
 * unknown. Anybody on the network may answer: who is called is proven by mutual TLS alone.
 * Thread-safe.
 */
public final class MdnsNameResolver implements NameResolverComponent {
  private static final Logger LOG = LoggerFactory.getLogger(MdnsNameResolver.class);

  private volatile @Nullable MdnsEngine engine;

  private MdnsNameResolver() {}

  /** A resolver on all networks of this machine. */
  public static MdnsNameResolver create() {
    return new MdnsNameResolver();
  }

  @Override
  public String type() {
    return "nameresolution.mdns";
  }

  @Override
  public void open(ComponentContext context) {
    engine = MdnsEngine.open(context);
    LOG.info("name resolver \"{}\" is open on mDNS", context.name());
  }

  @Override
  public Registration register(AppInstance self) {
    var records = OwnRecords.of(self, hostName(), ProcessHandle.current().pid());
    return engine().announce(records);
  }

  @Override
  public Resolution resolve(String appId, String namespace, Deadline deadline) {
    var addresses = engine().find(appId, deadline);
    // Zero: what is known lies here in memory, and whoever leaves says so.
    return new Resolution(addresses, Duration.ZERO);
  }

  @Override
  public void probe(Deadline deadline) {
    engine().probe();
  }

  @Override
  public void close() {
    var open = engine;
    engine = null;
    if (open != null) {
      open.close();
    }
  }

  private MdnsEngine engine() {
    var open = engine;
    if (open == null) {
      throw new IllegalStateException("mDNS is not open");
    }
    return open;
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      // Its name is nowhere looked up: the address comes along.
      return "localhost";
    }
  }

  /** Makes it from Dapr's {@code spec.nameResolution} with component {@code mdns}. */
  public static final class Provider implements ComponentProvider {
    @Override
    public String type() {
      return "nameresolution.mdns";
    }

    @Override
    public Component create(ComponentSpec spec) {
      return MdnsNameResolver.create();
    }
  }
}
