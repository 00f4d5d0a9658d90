// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.testkit.RegistrationContract;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(MulticastHere.class)
class MdnsNameResolverContractTest extends RegistrationContract {
  @Override
  protected NameResolverComponent component() {
    return MdnsNameResolver.create();
  }
}
