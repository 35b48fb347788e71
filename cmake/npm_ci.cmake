# Installs the npm packages of DIR from its lock file, unless they are there already: cmake -DNPM= -DDIR= -P npm_ci.cmake
# Several build trees share one node_modules.
set(MARK ${DIR}/node_modules/.installed-lock)
file(SHA256 ${DIR}/package-lock.json WANTED)
set(INSTALLED "")
if(EXISTS ${MARK})
  file(READ ${MARK} INSTALLED)
endif()
if(NOT INSTALLED STREQUAL WANTED)
  execute_process(COMMAND ${NPM} ci --no-audit --no-fund --loglevel=error WORKING_DIRECTORY ${DIR} RESULT_VARIABLE CODE)
  if(NOT CODE EQUAL 0)
    message(FATAL_ERROR "npm ci failed in ${DIR}. It fetches packages from the npm registry; "
      "without a network, build without the console: -DTAMIS_CONSOLE=OFF")
  endif()
  file(WRITE ${MARK} ${WANTED})
endif()
