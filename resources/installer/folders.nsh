; A project is a folder whose name ends in .eqnet: its menu in the Explorer offers to open it.
!macro customInstall
  WriteRegStr SHCTX "Software\Classes\Directory\shell\eqnet-workbench" "" "Open in ${PRODUCT_NAME}"
  WriteRegStr SHCTX "Software\Classes\Directory\shell\eqnet-workbench" "AppliesTo" 'System.FileName:~>".eqnet"'
  WriteRegStr SHCTX "Software\Classes\Directory\shell\eqnet-workbench" "Icon" "$INSTDIR\${APP_EXECUTABLE_FILENAME}"
  WriteRegStr SHCTX "Software\Classes\Directory\shell\eqnet-workbench\command" "" '"$INSTDIR\${APP_EXECUTABLE_FILENAME}" "%1"'
!macroend

!macro customUnInstall
  DeleteRegKey SHCTX "Software\Classes\Directory\shell\eqnet-workbench"
!macroend
