// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

import dev.pillion.Registration;
import dev.pillion.component.Component;
import dev.pillion.concurrent.Deadline;

/**
 * Finds where apps take calls: Dapr's name resolution. A runtime has one at most. It knows nothing
 * of retries, caches of answers, or which of several addresses is taken: the engine does that.
 */
public interface NameResolverComponent extends Component {
  /**
   * Makes this runtime findable. Called once, after {@link #open}, when its peer port is bound.
   * What fails later, such as a renewal, the component repeats by itself, logs once, and reports by
   * {@link #probe}.
   *
   * @return what ends it, before {@link #close}
   * @throws dev.pillion.ComponentException when it can't be made known
   */
  Registration register(AppInstance self);

  /**
   * Where an app takes calls, as known now.
   *
   * @param namespace {@code default} for the apps that have none; never empty
   * @param deadline always set
   * @return all addresses, in any order; without any when the app is not known
   * @throws dev.pillion.ComponentException when that can't be looked up
   */
  Resolution resolve(String appId, String namespace, Deadline deadline);
}
